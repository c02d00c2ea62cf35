import type {
  CommitOptions,
  Committed,
  SessionHead,
  SessionRef,
  Sessions,
  TurnContent,
  TurnDraft,
} from '../contracts/session.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { randomHex } from '../lib/request-id.ts';
import type { OperationLog } from './operation-log.ts';
import { isCut, type OpenedTurn } from './path.ts';
import type { ContextPrivacy, TenantSeal } from './ports.ts';
import { messageTokens } from './prompt/tokens.ts';
import type { SessionReader } from './read-sessions.ts';
import type { Unsure } from './unsure.ts';

export interface AppendingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
  readonly reader: SessionReader;
  readonly operations: OperationLog;
  readonly unsure: Unsure;
  readonly settings: { readonly ttl: number; readonly maxAge: number };
}

/** A turn that asked no model. */
export interface UnaskedTurn extends Partial<TurnDraft> {
  /** As it was before, of one that may be there. */
  readonly id: string;
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
  const committed = await commitSurely(sessions, ref, {
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

/**
 * The id of what is appended, perhaps once more: the one that it was given, but where what is there by that has lost something since.
 * Who says it after that means it anew.
 */
export const ownId = (given: string, there: OpenedTurn | undefined): string =>
  there && isCut(there) ? randomHex(12) : given;

/** Where nobody knows whether it has arrived it is sent once more: by its id it is known. */
async function commitSurely(sessions: Sessions, ref: SessionRef, options: CommitOptions): Promise<Committed> {
  try {
    return await sessions.commit(ref, options);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return sessions.commit(ref, { ...options, isRepeat: true });
  }
}
