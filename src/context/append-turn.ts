import type {
  Committed,
  SessionHead,
  SessionRef,
  Sessions,
  TurnContent,
  TurnDraft,
} from '../contracts/session.ts';
import { randomHex } from '../lib/request-id.ts';
import type { OperationLog } from './operation-log.ts';
import type { ContextPrivacy, TenantSeal } from './ports.ts';
import { messageTokens } from './prompt/tokens.ts';
import type { SessionReader } from './read-sessions.ts';

export interface AppendingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
  readonly reader: SessionReader;
  readonly operations: OperationLog;
  readonly settings: { readonly ttl: number; readonly maxAge: number };
}

/** A turn that asked no model. */
export interface UnaskedTurn extends Partial<TurnDraft> {
  readonly kind: 'items' | 'correction';
  readonly said: TurnContent;
}

/** What a session is known by with the turn in it. */
export interface Reached {
  readonly hash: string;
  readonly count: number;
}

/**
 * Appends a turn that asked no model behind the head that was read: a correction, which repeats what it is about, only where
 * nothing was deleted or corrected since.
 * @throws StoreUnavailable
 */
export async function appendTurn(
  ref: SessionRef,
  head: SessionHead,
  { said, ...more }: UnaskedTurn,
  { hash, count }: Reached,
  seal: TenantSeal,
  { sessions, settings }: AppendingPorts,
): Promise<{ turn: TurnDraft; committed: Committed }> {
  const turn: TurnDraft = {
    id: randomHex(12),
    status: 'complete',
    format: '',
    model: '',
    provider: '',
    upstreamModel: '',
    finishReason: '',
    tokens: messageTokens(said.messages),
    tokensIn: -1,
    tokensOut: -1,
    digests: [],
    request: '',
    asked: '',
    opens: false,
    resolves: '',
    supersedes: '',
    author: '',
    journey: '',
    ...more,
    content: seal.seal(JSON.stringify(said)),
  };
  const committed = await sessions.commit(ref, {
    turn,
    key: '',
    fence: 0,
    generation: head.generation,
    edits: turn.supersedes === '' ? undefined : head.edits,
    base: head.version,
    mode: 'merge',
    parent: head.head,
    hash,
    count,
    ttlMs: settings.ttl,
    maxAgeMs: settings.maxAge,
  });
  return { turn, committed };
}
