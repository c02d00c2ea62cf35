import type { CommitOptions, Committed, SessionRef, Sessions } from '../contracts/session.ts';

/** Milliseconds: it is there at once, or not at all. */
const LEASE_MS = 10_000;

/**
 * A turn that was answered while the store lost its session, of which nothing is known any more: it begins another. Where others
 * stood before it, the next one is told.
 * @param owner the session's
 * @throws StoreUnavailable
 */
export async function commitAnew(
  sessions: Sessions,
  ref: SessionRef,
  options: CommitOptions,
  owner: string,
): Promise<Committed> {
  const { turn, ttlMs, maxAgeMs } = options;
  const life = { create: true, leaseMs: LEASE_MS, ttlMs, maxAgeMs };
  const reserved = await sessions.reserve(ref, { turn: turn.id, owner, key: '', exclusive: false, ...life });
  if (reserved.kind !== 'reserved') return { kind: 'gone' };
  const { head, fence } = reserved;
  const place = { mode: 'merge', parent: head.head, exact: false, inPlaceOf: undefined } as const;
  return sessions.commit(ref, { ...options, ...place, fence, generation: head.generation });
}
