import type { Detection } from '../../contracts/finding.ts';
import { RING } from '../signals/leaves.ts';
import type { OpenDetection } from './open.ts';

/** What is open, with what was counted since. */
export function newer(open: OpenDetection): Detection {
  const { detection, users, sessions, consumers, usd, bad, total, suspicion } = open;
  const counted = suspicion.mark !== undefined && total > 0;
  const lately = open.ticks.slice(-RING);
  // A few ticks say little: until the ring is full of them, what it opened with counts, too.
  const before = lately.length < RING ? suspicion : { bad: 0, total: 0 };
  const sum = (of: 'bad' | 'total'): number => lately.reduce((all, each) => all + each[of], before[of]);
  const observed = sum('total') > 0 ? sum('bad') / sum('total') : detection.what.observed;
  const { expected } = detection.what;
  const isRate = detection.what.unit === 'rate' && counted;
  return {
    ...detection,
    what: isRate
      ? { ...detection.what, observed, ratio: expected > 0 ? observed / expected : null }
      : detection.what,
    impact: {
      ...detection.impact,
      requests: counted ? bad : detection.impact.requests,
      share: counted ? bad / total : detection.impact.share,
      consumers: atLeast(consumers.count, detection.impact.consumers),
      users: atLeast(users.count, detection.impact.users),
      sessions: atLeast(sessions.count, detection.impact.sessions),
      usd: atLeast(usd, detection.impact.usd),
    },
  };
}

/** Who was hit before a restart is known by number only: who is counted since may be the same people. */
const atLeast = (counted: number, before: number | null): number | null =>
  Math.max(counted, before ?? 0) || null;
