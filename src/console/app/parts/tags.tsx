import type { Priority } from '../lib/finding.ts';

const PRIORITY_TONES: Readonly<Record<Priority, string>> = {
  P0: 'bad',
  P1: 'bad',
  P2: 'warn',
  P3: 'muted',
  P4: 'muted',
};
const STATE_TONES: Readonly<Record<string, string>> = {
  open: 'bad',
  regressed: 'bad',
  'not-fixed': 'bad',
  failed: 'bad',
  unhealthy: 'bad',
  ejected: 'bad',
  fail: 'bad',
  acknowledged: 'warn',
  acting: 'warn',
  verifying: 'warn',
  running: 'warn',
  canary: 'warn',
  inconclusive: 'warn',
  insufficient: 'warn',
  'half-open': 'warn',
  draining: 'warn',
  resolved: 'good',
  fixed: 'good',
  healthy: 'good',
  closed: 'good',
  pass: 'good',
  applied: 'good',
};

export const PriorityTag = ({ priority }: { priority: Priority }) => (
  <span class={`tag priority tag-${PRIORITY_TONES[priority]}`}>{priority}</span>
);

/** A state of anything, by its word. A breaker that is open is bad, as is a finding. */
export const StateTag = ({ state }: { state: string }) => (
  <span class={`tag tag-${STATE_TONES[state] ?? 'muted'}`}>{state}</span>
);
