import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, ask, type Problem } from './api.ts';
import { type LiveEvent, live } from './live.ts';

export interface Answer<T> {
  /** The newest answer; undefined before the first. It stays while a newer one is asked for. */
  readonly value: T | undefined;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  /** Asks again now. */
  reload(): void;
}

export interface Freshness {
  /** Asks again after so many milliseconds, while the window is looked at. */
  readonly every?: number;
  /** Asks again when something happened that it may depend on. */
  readonly on?: (event: LiveEvent) => boolean;
}

/** Events that come together ask once. Milliseconds. */
const TOGETHER = 250;

/** Milliseconds after which an answer is waited for no longer. */
const PATIENCE = 30_000;

/** What came of the last question; `of` is its path. */
interface Said<T> {
  readonly of: string | undefined;
  readonly value?: T;
  readonly problem?: Problem;
}

/**
 * What the admin API says at a path, kept fresh. No path: nothing is asked. Whoever uses it is rendered once an answer: a view
 * that asks for much does so in parts that render by themselves.
 */
export function useAnswer<T>(path: string | undefined, { every, on }: Freshness = {}): Answer<T> {
  const [said, setSaid] = useState<Said<T>>({ of: undefined });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const dependsOn = useRef(on);
  dependsOn.current = on;
  const isAsked = useRef(false);

  // Not an effect that waits for the first frame: painting takes a tenth of a second, and the answer comes meanwhile.
  useLayoutEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    isAsked.current = true;
    ask<T>(path, { signal: AbortSignal.any([abort.signal, AbortSignal.timeout(PATIENCE)]) })
      .then((value) => setSaid({ of: path, value }))
      .catch((error: unknown) => {
        // What it said before stays, and the problem stands above it.
        if (!abort.signal.aborted)
          setSaid((before) => ({ ...(before.of === path && before), of: path, problem: problemOf(error) }));
      })
      .finally(() => {
        if (!abort.signal.aborted) isAsked.current = false;
      });
    return () => {
      abort.abort();
      isAsked.current = false;
    };
  }, [path, round]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // An answer that is slower than what happens would never come, were it asked for anew each time.
    const later = (): void => {
      timer = setTimeout(() => {
        timer = undefined;
        if (isAsked.current) later();
        else reload();
      }, TOGETHER);
    };
    const off = live.onEvent((event) => {
      if (dependsOn.current?.(event) && timer === undefined) later();
    });
    // What happened while nobody answered, or listened yet, is told by nobody.
    let before = live.state;
    const offState = live.onState((state) => {
      if (state === 'live' && before === 'away') reload();
      if (state === 'live' && before === 'connecting' && dependsOn.current && timer === undefined) later();
      before = state;
    });
    return () => {
      off();
      offState();
      clearTimeout(timer);
    };
  }, [reload]);

  useEffect(() => {
    if (every === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !isAsked.current) reload();
    }, every);
    return () => clearInterval(timer);
  }, [every, reload]);

  const { value, problem } = said.of === path ? said : { value: undefined, problem: undefined };
  return { value, problem, isLoading: path !== undefined && said.of !== path, reload };
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { status: 0, code: 'unreachable', detail: 'The gateway does not answer. Is it running?' };
}
