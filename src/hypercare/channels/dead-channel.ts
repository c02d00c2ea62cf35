import type { Detection } from '../../contracts/finding.ts';

/** The name of the signal. */
const CHANNEL = 'channel';

/** Whether it is about a channel, and so nothing that the engine sees. */
export const isDeadChannel = ({ what: { signal } }: Pick<Detection, 'what'>): boolean => signal === CHANNEL;

/** A channel that takes nothing is found like any other fault: who is to be told would not know. */
export function deadChannel(channel: string, error: string, at: number): Detection {
  return {
    fingerprint: `state|${CHANNEL}|${channel}`,
    detector: 'state',
    reason: channel,
    category: 'integration',
    severity: 'high',
    labels: ['channel'],
    what: { signal: CHANNEL, unit: 'rate', observed: 1, expected: 0, ratio: null, interval: [0.5, 1] },
    where: { scopes: [], share: 1, normal: [] },
    when: { since: at, until: null, pattern: 'constant' },
    impact: {
      requests: 0,
      share: 0,
      consumers: null,
      users: null,
      sessions: null,
      usd: null,
      budgetBurnt: null,
    },
    correlates: [],
    cause: {
      kind: 'unknown',
      sentence: `Channel ${channel} ${error}: findings are not told there. Look at its url, token and service.`,
      confidence: 1,
      change: null,
    },
    evidence: { bad: [], good: [], events: [`${channel}: ${error}`] },
    why: {
      detector: 'state',
      statistic: 5,
      threshold: 5,
      baseline: 'recent',
      sentence: 'five deliveries in a row have failed',
    },
    revisions: [],
    isPartial: false,
  };
}
