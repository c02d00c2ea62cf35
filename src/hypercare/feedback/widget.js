// The feedback widget: <script src="https://GATEWAY/v1/feedback/widget.js" data-session="…" data-app-version="…" defer></script>
// No dependency, no cookie. What can't be sent waits in localStorage, a week at most. Whatever comes from outside is set as text.
// It is sent to pages without its indentation and these comments: each stands on a line of its own.
(() => {
  const settings = __SETTINGS__;
  const script = document.currentScript;
  if (!script || window.hypercareFeedback) return;
  const base = new URL('.', script.src).href.replace(/feedback\/$/, 'feedback');
  const { dataset } = script;
  const key = 'hypercare-feedback';
  const headers = { 'content-type': 'application/json' };
  const MOST_QUEUED = 20;
  const WEEK = 604800000;
  // For people whose browser keeps nothing: what is full or forbidden is no reason to lose what they say now.
  const memory = {};
  const state = { sent: [], asked: {} };
  let lastRequestId;
  let lastAt = 0;
  let pageSince = Date.now();

  function storage(use) {
    try {
      return use(localStorage);
    } catch {
      return undefined;
    }
  }
  const load = (name) => memory[name] ?? storage((kept) => JSON.parse(kept.getItem(name)));
  function keep(name, value) {
    const isKept = storage((kept) => {
      kept.setItem(name, JSON.stringify(value));
      return true;
    });
    if (isKept) delete memory[name];
    else memory[name] = value;
  }
  function drop(name) {
    delete memory[name];
    storage((kept) => kept.removeItem(name));
  }
  // What waits, the oldest first. Each is a key of its own: other tabs of the site write there, too.
  const waiting = () =>
    [...Object.keys(memory), ...(storage(Object.keys) ?? [])]
      .filter((name) => name.startsWith(`${key}-`))
      .sort();
  const current = () => Object.assign(state, load(key));
  function update(change) {
    change(current());
    keep(key, state);
  }
  function session() {
    if (dataset.session) return dataset.session;
    if (!current().session)
      update((now) => {
        now.session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
      });
    return state.session;
  }

  // The id of the last answer that failed, so that a report finds its request.
  const ask = fetch.bind(window);
  window.fetch = async (...args) => {
    const response = await ask(...args);
    const id = response.headers.get('x-request-id');
    if (id && (response.status >= 400 || !lastRequestId)) lastRequestId = id;
    return response;
  };

  // One after the other, and in one tab at a time: two at once would send the first twice. A tab that sees a moment too late
  // what another one has dropped still does: the gateway folds the two, and gives both the same id.
  let flushing = Promise.resolve();
  function flush(mine) {
    const work = () => drain(mine);
    // Locks are there where pages come by TLS, and something is kept.
    const alone = () => (storage(Object.keys) && navigator.locks?.request(key, work)) || work();
    flushing = flushing.then(alone, alone);
    return flushing;
  }
  async function drain(mine) {
    let outcome;
    for (const name of waiting()) {
      const said = load(name);
      const isOld = Date.now() - name.split('-')[2] > WEEK;
      const came = said && !isOld ? await post(said) : {};
      if (!came) break;
      drop(name);
      if (name === mine) outcome = came;
    }
    return outcome ?? { isLate: waiting().includes(mine) };
  }
  // Its answer, or why it is refused; nothing: not yet.
  async function post(said) {
    const body = JSON.stringify(said);
    const response = await ask(base, { method: 'POST', headers, body }).catch(() => undefined);
    if (response?.ok) {
      const answer = await response.json().catch(() => ({}));
      update((now) => {
        now.sent = [...new Set([...now.sent, answer.id])].slice(-MOST_QUEUED);
      });
      return answer;
    }
    const status = response?.status ?? ((await isThere()) ? 403 : 0);
    if (status === 0 || status === 429 || status >= 500) return undefined;
    const isForbidden = status === 401 || status === 403;
    return { refused: `Sorry, ${isForbidden ? 'this page may not send feedback' : 'it was refused'}.` };
  }
  // A gateway that answers, but not to this page, is told from none only by a request that reads nothing.
  const isThere = () =>
    ask(script.src, { mode: 'no-cors', cache: 'no-store' }).then(
      () => true,
      () => false,
    );
  function send(said) {
    lastAt = Math.max(Date.now(), lastAt + 1);
    const name = `${key}-${lastAt}-${Math.random()}`;
    keep(name, {
      source: 'widget',
      session: session(),
      page: location.pathname.slice(0, 1000),
      appVersion: dataset.appVersion?.slice(0, 64),
      requestId: lastRequestId,
      ...said,
    });
    waiting().slice(0, -MOST_QUEUED).forEach(drop);
    return flush(name);
  }

  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const make = (tag, props = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...children);
    return node;
  };
  // A page's own CSP refuses <style>, and not this.
  const style = new CSSStyleSheet();
  style.replaceSync(`
:host{all:initial}*{box-sizing:border-box;font:15px/1.4 system-ui,sans-serif}
.w{--b:#fff;--f:#1c1e21;--m:#5c6370;--l:#c8ccd2;--a:#0b5fcc;--t:#fff;color:var(--f)}
@media(prefers-color-scheme:dark){.w{--b:#1e2126;--f:#e8eaed;--m:#a4abb6;--l:#4a505a;--a:#7ab4ff;--t:#0b1320}}
.w>button,.p{position:fixed;right:16px;bottom:16px;z-index:2147483000}
button{cursor:pointer;border:1px solid var(--a);background:var(--a);color:var(--t);border-radius:8px;padding:8px 14px;min-height:44px}
button.s{background:none;color:var(--f);border-color:var(--l);min-width:36px;padding:6px}
button[aria-pressed=true]{background:var(--a);color:var(--t)}
:focus-visible{outline:3px solid var(--a);outline-offset:2px}
.p{width:min(360px,calc(100vw - 32px));background:var(--b);border:1px solid var(--l);border-radius:12px;padding:16px;box-shadow:0 8px 30px #0004}
.p h2{font-size:17px;font-weight:600;margin:0 0 8px}.r{display:flex;flex-wrap:wrap;gap:6px;margin:8px 0}
textarea{width:100%;min-height:88px;border:1px solid var(--l);border-radius:8px;padding:8px;background:var(--b);color:var(--f)}
p,ul{margin:8px 0;color:var(--m)}ul{padding-left:20px}[hidden]{display:none}`);
  root.adoptedStyleSheets = [style];
  const opener = make('button', { type: 'button', textContent: dataset.label || 'Feedback' });
  opener.setAttribute('aria-haspopup', 'dialog');
  const title = make('h2', { id: 't' });
  const known = make('ul', { hidden: true });
  const scores = make('div', { className: 'r' });
  scores.setAttribute('role', 'group');
  scores.setAttribute('aria-labelledby', 't');
  const label = make('label', { htmlFor: 'c' });
  const comment = make('textarea', { id: 'c', maxLength: 4000 });
  const message = make('p');
  message.setAttribute('role', 'status');
  const submit = make('button', { type: 'submit', textContent: 'Send' });
  const cancel = make('button', { type: 'button', className: 's', textContent: 'Close' });
  const form = make(
    'form',
    {},
    title,
    known,
    scores,
    label,
    comment,
    message,
    make('div', { className: 'r' }, submit, cancel),
  );
  const panel = make('div', { className: 'p', hidden: true }, form);
  panel.setAttribute('role', 'dialog');
  panel.setAttribute('aria-labelledby', 't');
  const frame = make('div', { className: 'w' }, opener, panel);
  root.append(frame);

  const RANGES = { thumbs: [0, 1], csat: [1, 5], nps: [0, 10] };
  let said = {};
  let isSending = false;
  function choose(kind) {
    const [least, most] = RANGES[kind];
    scores.replaceChildren(
      ...Array.from({ length: most - least + 1 }, (_, i) => {
        const value = least + i;
        const text = kind === 'thumbs' ? ['👎', '👍'][value] : value;
        const button = make('button', { type: 'button', className: 's', textContent: text });
        button.setAttribute('aria-pressed', 'false');
        button.setAttribute('aria-label', kind === 'thumbs' ? ['Bad', 'Good'][value] : `${value} of ${most}`);
        button.onclick = () => {
          for (const each of scores.children) each.setAttribute('aria-pressed', String(each === button));
          said = { ...said, score: value, kind };
        };
        return button;
      }),
    );
  }
  function open(survey) {
    said = survey ? { survey: survey.name } : {};
    title.textContent = survey?.question ?? 'How is it going?';
    choose(survey?.kind ?? 'csat');
    label.textContent = 'What happened?';
    comment.value = '';
    message.textContent = '';
    panel.hidden = false;
    opener.hidden = true;
    announced();
    if (!survey) comment.focus();
  }
  // What the team has said that it knows of: nobody need report it again.
  async function announced() {
    const options = { headers: { accept: 'application/json' } };
    const response = await ask(base.replace(/feedback$/, 'status'), options).catch(() => undefined);
    const { announcements = [] } = response?.ok ? await response.json() : {};
    known.replaceChildren(
      ...announcements.slice(0, 3).map(({ text }) => make('li', { textContent: `We know: ${text}` })),
    );
    known.hidden = !announcements[0];
  }
  function close() {
    panel.hidden = true;
    opener.hidden = false;
    opener.focus();
  }
  opener.onclick = () => open();
  cancel.onclick = close;
  // What such a handler returns counts: a `false` would take every other key away from who types.
  panel.onkeydown = (event) => {
    if (event.key === 'Escape') close();
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    // Not `disabled`: that would take the focus from whoever pressed it.
    if (isSending) return;
    const text = comment.value.trim();
    if (!text && said.score === undefined) {
      message.textContent = 'Choose a score or write a few words.';
      return;
    }
    isSending = true;
    const { refused, id, question, isLate } = await send({ ...said, comment: text || undefined });
    isSending = false;
    // The words stay with who wrote them.
    if (refused) {
      message.textContent = refused;
      return;
    }
    said = {};
    comment.value = '';
    scores.replaceChildren();
    if (question) {
      said.about = id;
      label.textContent = question;
      message.textContent = 'Thank you. One more thing would help:';
      comment.focus();
      return;
    }
    cancel.focus();
    const late = navigator.onLine
      ? ' It could not be sent yet: this page tries again, for a week.'
      : ' It is sent as soon as you are online.';
    message.textContent = `Thank you.${isLate ? late : ''}`;
  };

  // Who reported something hears that it is fixed, and what the team answers.
  async function news() {
    for (const id of current().sent) {
      const response = await ask(`${base}/${id}`).catch(() => undefined);
      const { status, answer } = response?.ok ? await response.json() : {};
      const isFixed = status === 'fixed';
      const news = answer && !state.asked[id] ? answer : '';
      if (!isFixed && !news) continue;
      update((now) => {
        now.asked[id] = 1;
        if (isFixed) now.sent = now.sent.filter((each) => each !== id);
      });
      open();
      message.textContent = news + (isFixed ? ' What you reported is fixed. Thank you for telling us.' : '');
      return;
    }
  }
  const fits = (page) =>
    page.endsWith('/*') ? location.pathname.startsWith(page.slice(0, -1)) : location.pathname === page;
  function survey() {
    for (const each of settings.surveys) {
      const { name, share, every, after, pages } = each;
      if (pages[0] && !pages.some(fits)) continue;
      if (Date.now() - (current().asked[name] || 0) < every || Date.now() - pageSince < after) continue;
      update((now) => {
        now.asked[name] = Date.now();
      });
      if (Math.random() < share && panel.hidden) open(each);
      return;
    }
  }

  addEventListener('online', () => flush());
  addEventListener('popstate', () => {
    pageSince = Date.now();
  });
  setInterval(survey, 5000);
  document.body.append(host);
  flush().then(news);
  window.hypercareFeedback = { open, send };
})();
