import type { RestReason } from '../../ai/models/rest.ts';
import type { KnownChange } from './cause.ts';

/** By kind of change, the states that are bad for as long as they last. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  breaker: ['open', 'half-open'],
  health: ['unhealthy', 'down'],
  ejection: ['ejected'],
  certificate: ['expiring', 'expired'],
  // That a limit of calls is reached is over in a minute, and hits nobody where another key has room.
  provider: ['down', 'quota_spent', 'auth_failed'] satisfies RestReason[],
  tool: ['changed'],
  probe: ['forgot', 'broken'],
};

/** Subjects whose bad states are kept. */
export const MOST_BAD = 10_000;

export const isBad = ({ kind, to }: Pick<KnownChange, 'kind' | 'to'>): boolean =>
  BAD[kind]?.includes(to) ?? false;
