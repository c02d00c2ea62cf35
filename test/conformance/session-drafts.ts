import { randomBytes } from 'node:crypto';
import type {
  CommitOptions,
  Committed,
  Reserved,
  ReserveOptions,
  SessionRef,
  TurnDraft,
} from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';

export const DAY = 86_400_000;
export const newId = () => randomBytes(12).toString('hex');

/** A turn that says this. */
export const draft = (said: string, more: Partial<TurnDraft> = {}): TurnDraft => ({
  id: newId(),
  kind: 'turn',
  status: 'complete',
  format: 'openai-chat',
  model: 'support',
  provider: 'p0',
  upstreamModel: 'm',
  finishReason: 'stop',
  tokens: 10,
  tokensIn: 5,
  tokensOut: 5,
  digests: [`${said}?`, `${said}!`],
  request: '',
  asked: '',
  opens: false,
  resolves: '',
  supersedes: '',
  author: '',
  journey: '',
  content: JSON.stringify({ said }),
  ...more,
});

export const reserveOptions = (turn: string, more: Partial<ReserveOptions> = {}): ReserveOptions => ({
  turn,
  owner: '',
  key: '',
  exclusive: false,
  create: true,
  leaseMs: 60_000,
  ttlMs: DAY,
  maxAgeMs: 30 * DAY,
  ...more,
});

export type Open = Extract<Reserved, { kind: 'reserved' }>;

/** Of a turn that was made from this. */
export const commitOptions = (
  turn: TurnDraft,
  from: Pick<Open, 'fence' | 'head'>,
  more: Partial<CommitOptions> = {},
): CommitOptions => ({
  turn,
  key: '',
  fence: from.fence,
  generation: from.head.generation,
  base: from.head.version,
  mode: 'merge',
  parent: from.head.head,
  hash: `after:${turn.id}`,
  count: from.head.count + turn.digests.length,
  ttlMs: DAY,
  maxAgeMs: 30 * DAY,
  ...more,
});

/** Who announces turns in a store, and makes them. */
export function speakerIn(store: () => Store) {
  const open = async (ref: SessionRef, more: Partial<ReserveOptions> = {}): Promise<Open> => {
    const reserved = await store().sessions.reserve(ref, reserveOptions(newId(), more));
    if (reserved.kind !== 'reserved') throw new Error(`not reserved: ${reserved.kind}`);
    return reserved;
  };
  const add = async (
    ref: SessionRef,
    turn: TurnDraft,
    more: Partial<CommitOptions> = {},
  ): Promise<Committed> =>
    store().sessions.commit(ref, commitOptions(turn, await open(ref, { turn: turn.id }), more));
  return { open, add };
}
