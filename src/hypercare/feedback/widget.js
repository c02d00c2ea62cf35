// The feedback widget: <script src="https://GATEWAY/v1/feedback/widget.js" data-session="…" data-app-version="…" defer></script>
// No dependency, no cookie. What can't be sent waits in localStorage. Whatever comes from outside is set as text.
(() => {
  const settings = __SETTINGS__;
  const script = document.currentScript;
  if (!script || window.hypercareFeedback) return;
  const base = new URL('.', script.src).href.replace(/feedback\/$/, 'feedback');
  const { dataset } = script;
  const key = 'hypercare-feedback';
  const headers = { 'content-type': 'application/json' };
  const MOST_QUEUED = 20;
  const state = read();
  let lastRequestId;
  let pageSince = Date.now();

  function read() {
    const fresh = { queue: [], sent: [], asked: {} };
    try {
      return { ...fresh, ...JSON.parse(localStorage.getItem(key)) };
    } catch {
      return fresh;
    }
  }
  function write() {
    try {
      localStorage.setItem(key, JSON.stringify(state));
    } catch {
      // Full or forbidden: what waits is lost with the page.
    }
  }
  function session() {
    if (dataset.session) return dataset.session;
    state.session ||= crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    write();
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

  // One after the other: two at once would send the first twice, and drop the second.
  let flushing = Promise.resolve();
  let answer;
  function flush() {
    flushing = flushing.then(drain, drain);
    return flushing;
  }
  async function drain() {
    while (state.queue[0]) {
      const [said] = state.queue;
      const body = JSON.stringify(said);
      const response = await ask(base, { method: 'POST', headers, body }).catch(() => undefined);
      if (!response || response.status === 429 || response.status >= 500) return undefined;
      state.queue = state.queue.filter((each) => each !== said);
      answer = response.ok ? await response.json() : undefined;
      if (answer) state.sent = [...state.sent, answer.id].slice(-MOST_QUEUED);
      write();
    }
    return answer;
  }
  function send(said) {
    state.queue = [
      ...state.queue,
      {
        source: 'widget',
        session: session(),
        page: location.pathname.slice(0, 1000),
        appVersion: dataset.appVersion?.slice(0, 64),
        requestId: lastRequestId,
        ...said,
      },
    ].slice(-MOST_QUEUED);
    write();
    return flush();
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
    const answer = await send({ ...said, comment: text || undefined });
    isSending = false;
    said = {};
    comment.value = '';
    scores.replaceChildren();
    if (answer?.question) {
      said.about = answer.id;
      label.textContent = answer.question;
      message.textContent = 'Thank you. One more thing would help:';
      comment.focus();
      return;
    }
    cancel.focus();
    const late = state.queue[0] ? ' It is sent as soon as you are online.' : '';
    message.textContent = answer || late ? `Thank you.${late}` : 'Sorry, it was refused.';
  };

  // Who reported something hears that it is fixed, and what the team answers.
  async function news() {
    for (const id of state.sent) {
      const response = await ask(`${base}/${id}`).catch(() => undefined);
      const { status, answer } = response?.ok ? await response.json() : {};
      const isFixed = status === 'fixed';
      const news = answer && !state.asked[id] ? answer : '';
      if (!isFixed && !news) continue;
      state.asked[id] = 1;
      if (isFixed) state.sent = state.sent.filter((each) => each !== id);
      write();
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
      if (Date.now() - (state.asked[name] || 0) < every || Date.now() - pageSince < after) continue;
      state.asked[name] = Date.now();
      write();
      if (Math.random() < share && panel.hidden) open(each);
      return;
    }
  }

  addEventListener('online', flush);
  addEventListener('popstate', () => {
    pageSince = Date.now();
  });
  setInterval(survey, 5000);
  document.body.append(host);
  flush().then(news);
  window.hypercareFeedback = { open, send };
})();
