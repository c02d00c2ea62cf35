import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Help } from './help.tsx';
import { request, whenRefused } from './lib/api.ts';
import { type Shortcut, useShortcuts } from './lib/keys.ts';
import { type LiveState, live } from './lib/live.ts';
import { go, linkTo, useLocation } from './lib/router.ts';
import { applyTheme, nextTheme, readTheme } from './lib/theme.ts';
import { keepToken } from './lib/token.ts';
import { applyZone, readZone } from './lib/zone.ts';
import { Clock, Time } from './parts/clock.tsx';
import { SignIn } from './sign-in.tsx';
import { COMPONENTS } from './views/index.ts';
import { VIEWS } from './views/names.ts';

type Access = 'checking' | 'refused' | 'open';

const ZONES = { utc: 'UTC', local: 'local' } as const;

/** The frame around every view: who asks, where one is, whether what is shown is live, and the keys. */
export function Shell() {
  const location = useLocation();
  const [access, setAccess] = useState<Access>('checking');
  const [state, setState] = useState<LiveState>(live.state);
  const [theme, setTheme] = useState(readTheme());
  const [zone, setZone] = useState(readZone());
  const [isHelp, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const view = VIEWS.find(({ id }) => id === location.parts[0]);
  const View = view && COMPONENTS[view.id];

  const enter = (): void => {
    request('/api/status').then(
      () => setAccess('open'),
      // A refusal has been told to `whenRefused`; when nobody answers, the stream shows it and tries again.
      () => setAccess((before) => (before === 'refused' ? before : 'open')),
    );
  };
  useEffect(() => whenRefused(() => setAccess('refused')), []);
  useEffect(() => live.onState(setState), []);
  useEffect(enter, []);
  useEffect(() => {
    if (access === 'open') live.start();
    else live.stop();
  }, [access]);
  const isGoing = useRef(false);
  useEffect(() => {
    // Whoever goes by key is in the view, and hears which it is.
    if (isGoing.current) heading.current?.focus();
    isGoing.current = false;
  }, [location.hash]);
  useEffect(() => {
    document.title = view ? `${view.title} · Hypercare` : 'Hypercare';
  }, [view]);

  const turn = (): void => {
    // Not what was rendered last: keys are faster.
    const next = nextTheme(readTheme());
    applyTheme(next);
    setTheme(next);
  };
  const turnZone = (): void => {
    const next = readZone() === 'utc' ? 'local' : 'utc';
    applyZone(next);
    setZone(next);
  };
  const keys = useMemo<Shortcut[]>(
    () => [
      ...VIEWS.map(({ id, title, key }) => ({
        keys: `g ${key}`,
        what: `Go to ${title}`,
        run: () => {
          const hash = linkTo([id]);
          isGoing.current = hash !== globalThis.location.hash;
          if (!isGoing.current) heading.current?.focus();
          go(hash);
        },
      })),
      { keys: '?', what: 'Show or hide the keys', run: () => setHelp((shown) => !shown) },
      { keys: 'z', what: 'Times in UTC, or as your clock shows them', run: turnZone },
      { keys: 't', what: 'Dark, light, or as the system', run: turn },
      { keys: 'Escape', what: 'Close what lies on top', run: () => setHelp(false) },
    ],
    [],
  );
  useShortcuts(keys);

  if (access === 'refused') {
    return (
      <SignIn
        onToken={(token) => {
          keepToken(token);
          setAccess('checking');
          enter();
        }}
      />
    );
  }
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the view
      </button>
      <header class="bar">
        <a class="brand" href={linkTo(['now'])}>
          Hypercare
        </a>
        <nav aria-label="Views">
          {VIEWS.map(({ id, title }) => (
            <a key={id} href={linkTo([id])} aria-current={id === view?.id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="status">
          <Clock />
          <span class={`live live-${state}`} role="status">
            {state !== 'away' && state}
            {state === 'away' && live.heardAt === 0 && 'not connected'}
            {state === 'away' && live.heardAt > 0 && (
              <>
                not live since <Time at={live.heardAt} />
              </>
            )}
          </span>
          <button type="button" class="quiet" onClick={turnZone} aria-label={`Times: ${ZONES[zone]}. Change`}>
            {ZONES[zone]}
          </button>
          <button type="button" class="quiet" onClick={turn} aria-label={`Colours: ${theme}. Change`}>
            {theme === 'auto' ? '◐' : theme === 'dark' ? '●' : '○'}
          </button>
          <button type="button" class="quiet" onClick={() => setHelp(true)} aria-label="Keys">
            ?
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <h1 class="unseen" ref={heading} tabIndex={-1}>
          {view?.title ?? 'Hypercare'}
        </h1>
        {View ? <View location={location} /> : <Nowhere />}
      </main>
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

const Nowhere = () => (
  <p class="empty">
    There is no such view. <a href={linkTo(['now'])}>Go to what is happening now.</a>
  </p>
);
