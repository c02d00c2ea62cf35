import type { Engine, FeedbackSignal } from '../../src/contracts/engine.ts';
import type { Correlate, Detection, DetectionEvent } from '../../src/contracts/finding.ts';
import type { Watch, WatchedTick } from '../../src/contracts/signal.ts';
import { engineOff } from '../../src/hypercare/engine-off.ts';

/** The engine's side of its contract, said by a test: what it detects and counts. */
export interface ToldEngine extends Engine {
  /** What it is asked to count now, by id. */
  readonly watches: Map<string, Watch>;
  readonly heard: FeedbackSignal[];
  /** What it is given to go on with, each as often as it is. */
  readonly resumed: Detection[];
  say(kind: DetectionEvent['kind'], detection: Detection, at?: number): void;
  /** So many requests at the place of a watch. */
  count(watch: string, bad: number, total: number, at?: number): void;
}

export function toldEngine(
  queries: Partial<Engine['queries']> = {},
  now: () => number = Date.now,
): ToldEngine {
  const detections = new Set<(event: DetectionEvent) => void>();
  const ticks = new Set<(tick: WatchedTick) => void>();
  const watches = new Map<string, Watch>();
  const heard: FeedbackSignal[] = [];
  const resumed: Detection[] = [];
  const off = engineOff();
  const listening =
    <T>(listeners: Set<(said: T) => void>) =>
    (listener: (said: T) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener) as unknown as undefined;
    };
  return {
    ...off,
    queries: { ...off.queries, ...queries },
    watches,
    heard,
    resumed,
    resume: (open) => void resumed.push(...open),
    onDetection: listening(detections),
    onWatched: listening(ticks),
    watch: (watch) => void watches.set(watch.id, watch),
    unwatch: (id) => void watches.delete(id),
    feedback: (signal) => void heard.push(signal),
    say: (kind, detection, at = now()) => {
      for (const listener of detections) listener({ kind, at, detection });
    },
    count: (watch, bad, total, at = now() + 5000) => {
      for (const listener of ticks) listener({ watch, at, bad, total, outside: { bad: 0, total } });
    },
  };
}

/** A detection as the engine gives it: one in ten requests of a route fails at one target. */
export function detection(change: Partial<Detection> = {}): Detection {
  const since = Date.now() - 120_000;
  return {
    fingerprint: 'errors|errors|route=things|upstream_5xx',
    detector: 'errors',
    reason: 'upstream_5xx',
    category: 'bug',
    severity: 'high',
    labels: [],
    what: {
      signal: 'errors',
      unit: 'rate',
      observed: 0.102,
      expected: 0.004,
      ratio: 25.5,
      interval: [0.09, 0.115],
    },
    where: {
      scopes: [{ route: 'things' }],
      share: 0.96,
      normal: [{ dimension: 'target', values: ['a', 'c', 'd'] }],
    },
    when: { since, until: null, pattern: 'constant' },
    impact: {
      requests: 312,
      share: 0.102,
      consumers: 41,
      users: null,
      sessions: null,
      usd: null,
      budgetBurnt: null,
    },
    correlates: [],
    cause: { kind: 'unknown', sentence: '', confidence: 0.91, change: null },
    evidence: { bad: ['req-1', 'req-2'], good: ['req-9'], events: [] },
    why: {
      detector: 'errors',
      statistic: 18.2,
      threshold: 12,
      baseline: 'objective',
      sentence: 'CUSUM 18.2 over 12',
    },
    revisions: [],
    isPartial: false,
    ...change,
  };
}

/** A revision that something is put down to: the second, of an operator. */
export const REVISION: Correlate = {
  kind: 'revision',
  subject: 'config',
  from: '1',
  to: '2',
  at: 0,
  by: 'admin:ada',
  secondsBefore: 40,
  score: 0.95,
};
