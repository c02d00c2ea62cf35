import type { CommitOptions, SessionRef, Sessions } from '../contracts/session.ts';

/** Milliseconds: it is there at once, or, of a store that does not answer, a little later. */
const LEASE_MS = 10_000;

/** Whose a session is that may begin anew. */
export interface Whose {
  /** Digest of the one that it belonged to. */
  readonly owner: string;
  /** Digest of the end user who speaks in it, ''. */
  readonly speaker: () => string;
  /** Somebody has had it erased while it was being answered. */
  readonly isErased?: boolean;
}

/**
 * A turn that was answered while the store lost its session, of which nothing is known any more: it begins another. Where others
 * stood before it, the next one is told.
 * @returns how it is committed now; `gone`: it was erased meanwhile; `lost`: others have begun it and keep it to themselves
 * @throws StoreUnavailable: it may have begun (`isBegunAnew`)
 */
export async function beginAnew(
  sessions: Pick<Sessions, 'reserve' | 'release'>,
  ref: SessionRef,
  options: CommitOptions,
  { owner, speaker, isErased }: Whose,
): Promise<CommitOptions | 'gone' | 'lost'> {
  // Where the store had lost it there was nothing that it could have put a tombstone on.
  if (isErased) return 'gone';
  const { turn, ttlMs, maxAgeMs } = options;
  const life = { create: true, leaseMs: LEASE_MS, ttlMs, maxAgeMs };
  const announce = (by: string) =>
    sessions.reserve(ref, { turn: turn.id, owner: by, key: '', exclusive: false, ...life });
  let reserved = await announce(owner);
  // It is nobody's, and who speaks in it finds it all the same; or it was, and they have begun it as their own.
  const isNobodys = reserved.kind === 'reserved' && reserved.head.owner === '';
  const user = isNobodys || reserved.kind === 'unknown' ? speaker() : '';
  if (user !== '' && user !== owner) reserved = await announce(user);
  if (reserved.kind !== 'reserved') return 'lost';
  const { head, fence, reset } = reserved;
  if (reset === 'erased') {
    await sessions.release(ref, turn.id, '');
    return 'gone';
  }
  const place = { mode: 'merge', parent: head.head, exact: false, inPlaceOf: undefined } as const;
  return { ...options, ...place, fence, generation: head.generation };
}

/** Whether a turn's session has begun anew for it although the store did not say so: no other life has it announced. */
export const isBegunAnew = (
  sessions: Pick<Sessions, 'renew'>,
  ref: SessionRef,
  { turn, ttlMs }: CommitOptions,
): Promise<boolean> => sessions.renew(ref, turn.id, '', LEASE_MS, ttlMs);
