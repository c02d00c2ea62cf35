import { useRef, useState } from 'preact/hooks';
import type { DiffLine } from '../parts/diff.tsx';
import { ask, type Problem } from './api.ts';
import { problemOf } from './use-answer.ts';

/** The config that serves. */
export interface Served {
  readonly revision: number;
  readonly etag: string;
  readonly text: string;
}

interface Outcome {
  readonly revision: number;
  readonly diff: readonly DiffLine[];
  readonly file: { readonly isWritten: boolean; readonly reason: string };
}

/** What a change is, and what it was meant for. */
export interface Wanted {
  /** Of the admin API. */
  readonly path: string;
  /** Of the revision that it changes. */
  readonly etag: string;
  /** YAML; absent where the path says it all. */
  readonly text?: string;
}

/** Changes of the config, and what came of the last one. */
export interface Revising {
  readonly outcome: (Outcome & Wanted & { readonly isDry: boolean }) | undefined;
  readonly problem: Problem | undefined;
  /** One is on its way: that it serves may be heard before its answer. */
  readonly isApplying: boolean;
  /** @param then it serves */
  revise(wanted: Wanted, isDry: boolean, then?: (outcome: Outcome) => void): void;
  /** Forgets what came of the last one. */
  clear(): void;
}

export function useRevising(): Revising {
  const [{ outcome, problem, isApplying = false }, set] = useState<
    Pick<Partial<Revising>, 'outcome' | 'problem' | 'isApplying'>
  >({});
  const isRunning = useRef(false);
  return {
    outcome,
    problem,
    isApplying,
    clear: () => set({}),
    revise(wanted, isDry, then) {
      // A second click would be refused for what the first has done.
      if (isRunning.current) return;
      isRunning.current = true;
      if (!isDry) set((before) => ({ ...before, isApplying: true }));
      const { path, etag, text } = wanted;
      // What is shown with its secrets masked is sent back so.
      const search = new URLSearchParams(text === undefined ? {} : { keepSecrets: 'true' });
      if (isDry) search.set('dryRun', 'true');
      ask<Outcome>(`${path}?${search}`, {
        method: 'POST',
        headers: { 'if-match': etag },
        ...(text === undefined ? {} : { body: text, type: 'application/yaml' }),
      })
        .then(
          (done) => {
            set({ outcome: { ...done, ...wanted, isDry } });
            if (!isDry) then?.(done);
          },
          (error: unknown) => set({ problem: problemOf(error) }),
        )
        .finally(() => {
          isRunning.current = false;
        });
    },
  };
}
