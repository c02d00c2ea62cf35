import type { FormatName } from './format.ts';
import type { JsonObject, Message, TextPart } from './model-request.ts';
import type { Usage } from './usage.ts';

/** Which conversation: the session's id means something to its tenant alone. */
export interface SessionRef {
  /** The consumer that opened it. */
  readonly tenant: string;
  /** As the client or the gateway named it: 1 to 256 characters. */
  readonly session: string;
}

/** `failed`: the provider gave no answer; kept, and left out of prompts. `incomplete`: the client left, or the stream broke. */
export type TurnStatus = 'complete' | 'incomplete' | 'failed';

/**
 * `turn`: asked and answered. `items`: put there by hand, or by a client that says otherwise what went before. `correction`:
 * said by a person in the place of another turn.
 */
export type TurnKind = 'turn' | 'items' | 'correction';

/** What was said in a turn, in the neutral form: what the client sent anew, and the answer last. */
export interface TurnContent {
  readonly messages: readonly Message[];
  /** The client's own system texts of this turn, if it sent any. */
  readonly system?: readonly TextPart[];
  /** Of the answer's items, as its provider named them. */
  readonly itemIds?: readonly string[];
  /** What the ids of the others are made from; none: the id of the request, as it was before there was this. */
  readonly answerId?: string;
  /** Of all its items, once one of them was deleted: those of the others stay as they were. */
  readonly ids?: readonly string[];
  /** Of its items that were deleted, each with how many of those that are left stand before it: somebody may be paging by it. */
  readonly gone?: readonly { readonly id: string; readonly at: number }[];
  /** By what its client named the conversation, where the answer says so. */
  readonly namedBy?: 'conversation' | 'response';
  /** Of a correction: why it was made. */
  readonly reason?: string;
  /** Of a response, what it says of itself when it is read: only what was sent, or counted. */
  readonly response?: ResponseAbout;
}

/** What a response says beside its output. */
export interface ResponseAbout {
  /** As its client noted it in the request, but for the session's name. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly instructions?: string;
  /** How it was to be made, in the words of its API. */
  readonly settings?: JsonObject;
  /** What its tokens were. */
  readonly usage?: Pick<Usage, 'cached' | 'cacheWrite' | 'reasoning'>;
}

/** What a turn says of itself; its content is opaque here. A store keeps it as it is. */
export interface TurnDraft {
  /** Unique, chosen by whoever reserves: 24 hex digits. */
  readonly id: string;
  readonly kind: TurnKind;
  readonly status: TurnStatus;
  readonly format: FormatName | '';
  /** The alias that was asked for, and who answered. */
  readonly model: string;
  readonly provider: string;
  readonly upstreamModel: string;
  readonly finishReason: string;
  /** Estimated tokens of the content. */
  readonly tokens: number;
  /** As billed; -1 = unknown. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Of each of its messages, the digest of the canonical form. */
  readonly digests: readonly string[];
  /** The id of the client's request; '' if it was not one. */
  readonly request: string;
  /** Digest of what else the client asked for beside its messages, if it may ask it again; ''. */
  readonly asked: string;
  /** The answer calls tools: the calls stay open until another turn brings their results. */
  readonly opens: boolean;
  /** Id of the turn whose calls it brings the results of; ''. */
  readonly resolves: string;
  /** Of a correction: the id of the turn in whose place it stands, and who made it. */
  readonly supersedes: string;
  readonly author: string;
  /** What context there was at this turn, what was sent, cut and recalled: JSON, without content. Free to whoever measures. */
  readonly journey: string;
  /** `TurnContent` as JSON, sealed where the config says so. */
  readonly content: string;
}

/** A turn as it is in the store: acknowledged, and never changed (but by whoever deletes what they said). */
export interface StoredTurn extends TurnDraft {
  /** Its place in the order of commits, from 1, without gaps. */
  readonly version: number;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly at: number;
  /** Id of the turn that it follows on its path; '' = it begins one. */
  readonly parent: string;
  /** Other turns had been committed since its context was read. */
  readonly staleBase: boolean;
  /** The rolling hash of its path up to itself; '' = not known, because it was merged behind turns that its writer had not read. */
  readonly hash: string;
}

/** The frozen summary of an epoch: stands in the place of the turns that it covers. */
export interface StoredSummary {
  /** From 1. */
  readonly epoch: number;
  /** It covers the turns of the path up to this version. */
  readonly covered: number;
  /** Id of the turn at `covered`: of a path without it this is no summary. */
  readonly coveredTurn: string;
  readonly tokens: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** JSON of what it says, sealed like a turn's content. The store doesn't look at it. */
  readonly content: string;
}

/** What is known of a session without its turns. */
export interface SessionHead {
  /** Turns committed in this life of the session. */
  readonly version: number;
  /** Which life: an id whose session expired or was erased begins another, with a larger number. */
  readonly generation: number;
  /** Grows with each deletion or correction of something said: what was read before is not to be used any more. */
  readonly edits: number;
  /** Id of the turn that the next one follows, '' in a session without any. */
  readonly head: string;
  /** The rolling hash at the head, over `count` messages; '' = not known. */
  readonly hash: string;
  readonly count: number;
  readonly epoch: number;
  readonly covered: number;
  /** Sum over all turns. */
  readonly tokens: number;
  /** Digest of the end user that it belongs to; '' = the consumer as a whole. */
  readonly owner: string;
  readonly createdAt: number;
  readonly touchedAt: number;
  readonly state: 'active' | 'expired' | 'erased';
  /** What the client noted on it (`/v1/conversations`): JSON, sealed like a turn's content; '', also once it has ended. */
  readonly metadata: string;
}

export type ResetCause = 'ttl' | 'erased' | 'version_regressed';

export interface ReserveOptions {
  /** The turn's id. */
  readonly turn: string;
  /** Digest of the end user, ''. A session that belongs to nobody stays so, and is found by who speaks in it. */
  readonly owner: string;
  /** Digests that the same user stood by before. */
  readonly formerOwners?: readonly string[];
  /** Digest of the client's idempotency key; '' = it sent none. */
  readonly key: string;
  /** Nobody else may answer this session meanwhile. */
  readonly exclusive: boolean;
  /** The version that the client wants it to be at; what failed behind it counts as nothing. */
  readonly ifVersion?: number | undefined;
  /**
   * The version that the client has seen, or was promised: a store that knows of less has lost some, unless what others are being
   * answered (`pending`, two versions each) may come to it.
   */
  readonly seenVersion?: number | undefined;
  /** Whether an id that is unknown, expired or erased begins a new session. */
  readonly create: boolean;
  /**
   * What the caller still holds: turns up to this version of this life with so many edits are not sent again, nor is the
   * summary of this epoch.
   */
  readonly known?:
    | {
        readonly generation: number;
        readonly edits: number;
        readonly version: number;
        readonly epoch?: number;
      }
    | undefined;
  readonly leaseMs: number;
  readonly ttlMs: number;
  readonly maxAgeMs: number;
}

/** What a reservation came to. */
export type Reserved =
  | {
      readonly kind: 'reserved';
      readonly head: SessionHead;
      readonly fence: number;
      /** The id began a session now: anew, or for the first time (`''`). */
      readonly isNew: boolean;
      /** Said until a turn comes to something; of a life that was somebody else's never, as of an id that was never seen. */
      readonly reset: ResetCause | '';
      /** Undefined: there is none, or the caller holds it. */
      readonly summary: StoredSummary | undefined;
      /** In the order of versions, those above `from`. */
      readonly from: number;
      readonly turns: readonly StoredTurn[];
      /** Reservations of others that have neither ended nor run out. */
      readonly pending: number;
    }
  /** This very request was answered before. */
  | { readonly kind: 'replay'; readonly turn: StoredTurn; readonly head: SessionHead }
  /** This very request is being answered. */
  | { readonly kind: 'running'; readonly version: number; readonly retryAfterMs: number }
  | { readonly kind: 'locked'; readonly version: number; readonly retryAfterMs: number }
  | { readonly kind: 'version'; readonly version: number }
  /** There is none, or it is somebody else's. */
  | { readonly kind: 'unknown' };

export interface CommitOptions {
  readonly turn: TurnDraft;
  readonly key: string;
  /** As it was reserved; 0 = it was not: whoever answers the session alone is not disturbed. */
  readonly fence: number;
  readonly generation: number;
  /** What was deleted or corrected by then (`SessionHead.edits`), if the turn repeats what others said: not for more. */
  readonly edits?: number | undefined;
  /** The version and head that the turn was made from. */
  readonly base: number;
  /** `merge`: behind whatever is there. `branch`: behind `parent`, whatever is there; the session goes on from here. */
  readonly mode: 'merge' | 'branch';
  /** Only if nothing came between, and nobody has answered it alone since it was reserved. */
  readonly exact?: boolean | undefined;
  readonly parent: string;
  /**
   * Id of the turn that the session has to be at: of the one that broke off and in whose place it stands, or of the first
   * part of its own log. A branch while it is, else merged. The calls that it brings the results of may have them already.
   */
  readonly inPlaceOf?: string | undefined;
  /** Its client has what `parent` said, and goes on from that: where the session has left it by now, as a branch. */
  readonly goesOn?: boolean | undefined;
  /** Rolling hash and messages of the path, if the turn follows what it was made from. */
  readonly hash: string;
  readonly count: number;
  readonly ttlMs: number;
  readonly maxAgeMs: number;
  /** It was sent before, and nobody knows whether it arrived: what is large is asked about before it goes again. */
  readonly isRepeat?: boolean | undefined;
}

export type Committed =
  | {
      readonly kind: 'committed';
      readonly version: number;
      readonly staleBase: boolean;
      /** It had been committed before: nothing was added. */
      readonly repeated: boolean;
    }
  /**
   * Another turn came between, or a deletion or correction, somebody answers it alone, or the request has its answer, or the
   * calls their results, already.
   */
  | { readonly kind: 'conflict'; readonly version: number }
  /** The session was erased, expired, or lives another life. */
  | { readonly kind: 'gone' }
  /** Nothing at all is known of it: the store has lost it, as one that was behind when it took over. */
  | { readonly kind: 'lost' };

export interface ReadOptions {
  /** The version behind which turns are read; 0. */
  readonly after?: number;
  /** Of turns; 1000. */
  readonly limit?: number;
  /** The digest of whose it has to be. */
  readonly owner?: string | undefined;
  /** Id of a turn that it has to have, as long as it is active. */
  readonly turn?: string | undefined;
  /** From that turn on, in the place of `after`. */
  readonly fromTurn?: boolean;
  /** Turns without what they say: of each its `content` is ''. */
  readonly bare?: boolean;
}

export interface SessionView {
  readonly head: SessionHead;
  readonly summary: StoredSummary | undefined;
  /** In the order of versions. */
  readonly turns: readonly StoredTurn[];
}

/** A place in a list of sessions, whether what stood there still does or not. */
export interface SessionPlace {
  readonly session: string;
  /** What lists are ordered by: when it began, in milliseconds since the epoch. */
  readonly listedAt: number;
}

export interface SessionListed extends SessionPlace {
  readonly head: SessionHead;
}

export interface SessionListing {
  readonly sessions: readonly SessionListed[];
  /** Behind which the page after begins; undefined at the end. */
  readonly next: SessionPlace | undefined;
}

/**
 * Conversations by tenant and id: append-only lists of turns, each appended in one atomic step. Durable: a turn that was
 * acknowledged is there exactly once. Order is the order of commits. Every call fails with `StoreUnavailable` if the store
 * does not answer; a commit that failed so may have been applied, and can be sent again: a turn's id is its idempotency.
 * Ids are well-formed Unicode of 1 to 256 characters, else `RangeError`.
 */
export interface Sessions {
  /** Looks, and announces a turn. One round trip. */
  reserve(ref: SessionRef, options: ReserveOptions): Promise<Reserved>;
  /** Tombstone, idempotency, fence, version and open calls are checked and the turn is appended, in one step. */
  commit(ref: SessionRef, options: CommitOptions): Promise<Committed>;
  /**
   * What was reserved stands so much longer from now on, and to answer is to speak: the session ends `ttlMs` from now at the
   * earliest, within its absolute age. False: it does not stand any more.
   */
  renew(ref: SessionRef, turn: string, key: string, leaseMs: number, ttlMs: number): Promise<boolean>;
  /**
   * Gives a reservation back that came to no turn. A session without any that is described by nothing (`create`), not `reset`, and
   * of which all turns that were ever announced are given back, is gone with the last, as if it had never been: what is known of
   * one that had ended and was somebody else's is known again.
   */
  release(ref: SessionRef, turn: string, key: string): Promise<void>;
  /**
   * Turns above `after`, at most `limit`; undefined if nothing is known of the session, not even that it ended. The same, and
   * found out before any turn is read, of one that is not `owner`'s or has not `turn`: it takes no longer than an unknown id.
   */
  read(ref: SessionRef, options?: ReadOptions): Promise<SessionView | undefined>;
  /** Opens a session without a turn. False: the id is taken. */
  create(
    ref: SessionRef,
    options: { owner: string; metadata: string; ttlMs: number; maxAgeMs: number },
  ): Promise<boolean>;
  /** False if there is no active session. */
  describe(ref: SessionRef, metadata: string): Promise<boolean>;
  /**
   * Puts a summary in the place of turns, if the session is still at `(epoch, covered)` in this life and the turn at the
   * summary's `covered` is still `coveredTurn`. Turns appended meanwhile survive. False: it is not, nothing changed.
   */
  summarize(
    ref: SessionRef,
    expected: { generation: number; edits: number; epoch: number; covered: number },
    summary: StoredSummary,
  ): Promise<boolean>;
  /** A lease on a piece of work on this session, so that replicas don't do it twice. False: somebody has it. */
  lease(ref: SessionRef, work: string, holder: string, leaseMs: number): Promise<boolean>;
  unlease(ref: SessionRef, work: string, holder: string): Promise<void>;
  /** Exchanges the content of a turn for what is left of it after a deletion. False: it was not there, or not as `was`. */
  redact(ref: SessionRef, version: number, was: string, turn: StoredTurn): Promise<boolean>;
  /**
   * All that was said is gone; a tombstone stays for as long as a late commit could come, with the digest of whose it was: nobody
   * else is told. False: there was nothing, or it lives another life than the one that was meant.
   * @param isNobodys whose it was is gone, too: all of its tenant are told
   */
  erase(ref: SessionRef, generation?: number, isNobodys?: boolean): Promise<boolean>;
  /**
   * Sessions of a tenant, newest first; where an end user is given those that are theirs, and those of nobody in which they
   * have spoken. `after` = what the page before gave as `next`, or any that it had.
   */
  list(
    tenant: string,
    options: { owner?: string | undefined; after?: SessionPlace | undefined; limit: number },
  ): Promise<SessionListing>;
}
