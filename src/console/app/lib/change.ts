import { useState } from 'preact/hooks';
import { ask, type Problem } from './api.ts';
import { problemOf } from './use-answer.ts';

/** A change that is asked for: while it runs, and what came of it. */
export interface Changing {
  readonly isRunning: boolean;
  readonly problem: Problem | undefined;
  /** @param then what the API answered */
  run<T>(path: string, body?: unknown, then?: (answer: T) => void): void;
}

/** Changes through the admin API, one at a time. */
export function useChange(): Changing {
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    isRunning,
    problem,
    run<T>(path: string, body: unknown = null, then?: (answer: T) => void): void {
      setRunning(true);
      setProblem(undefined);
      ask<T>(path, { method: 'POST', ...(body === null ? {} : { body }) })
        .then((answer) => then?.(answer))
        .catch((error: unknown) => setProblem(problemOf(error)))
        .finally(() => setRunning(false));
    },
  };
}
