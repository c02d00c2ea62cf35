import type { Message, TextPart } from '../contracts/model-request.ts';
import type { SessionHead, SessionRef, StoredTurn } from '../contracts/session.ts';
import type { AskModel } from './compaction/summarize.ts';
import type { TurnPassage } from './memory/passages.ts';
import type { SpokenTurn } from './turn.ts';

/** A turn as it stands in a prompt: its content opened, results of tools behind their calls, corrections in its place. */
export interface PathTurn extends SpokenTurn {
  readonly turn: Omit<StoredTurn, 'content'>;
  /** Who made the call that stands first, if that was in another turn. */
  readonly calledBy?: string;
  readonly system: readonly TextPart[] | undefined;
  /** Of the answer's items, as its provider named them. */
  readonly itemIds?: readonly string[];
  /** It is but the call that the new messages bring the results of: of the turn that they become it is a part. */
  readonly isCall?: true;
}

/** The summary that is in force on a path. */
export interface OpenSummary {
  readonly epoch: number;
  /** It covers the turns of the path up to this version. */
  readonly covered: number;
  readonly tokens: number;
  /** JSON, as whoever made it wrote it. */
  readonly content: string;
}

/** What a prompt is put together from. */
export interface PromptInput {
  readonly ref: SessionRef;
  readonly head: SessionHead;
  /** The alias that was asked for. */
  readonly model: string;
  readonly summary: OpenSummary | undefined;
  /** Those of the path that the summary does not cover, oldest first; failed ones left out. */
  readonly turns: readonly PathTurn[];
  /** What the client sends now. */
  readonly fresh: readonly Message[];
  readonly system: readonly TextPart[];
  /** Estimated tokens of everything else in the request: tools, and what is said of one turn alone. */
  readonly otherTokens: number;
  /** Tokens that one answer may have; absent or 0 = the client did not say. */
  readonly maxOutput?: number;
  /** Tokens that the model reads and writes in one call; absent or 0 = not known. */
  readonly window?: number;
  /** The client sent all of the conversation itself, and it is to be heard as it was sent. */
  readonly isFull: boolean;
  /**
   * Where the client sent all of it and nothing has to be put before it: `turns` is empty then, and the turns before what is
   * fresh are told only when somebody asks.
   */
  readonly log?: {
    /** About how many, of all messages. */
    readonly tokens: number;
    turns(): readonly PathTurn[] | Promise<readonly PathTurn[]>;
  };
  /** The turns that the summary covers, oldest first. */
  covered(): Promise<readonly PathTurn[]>;
}

/** What goes before the new turn, and with it. */
export interface PromptShape {
  /** Text behind the client's own system texts; ''. */
  readonly summary: string;
  /** System texts of earlier turns, in force unless the client sends its own. */
  readonly system: readonly TextPart[];
  readonly turns: readonly PathTurn[];
  /** What goes on of the new messages, where not all of them fit. */
  readonly fresh?: readonly Message[];
  /** Text at the end of the last user message; ''. */
  readonly snippets: string;
  /** What `snippets` is made of (`snippetPieces`); absent: nothing. */
  readonly recalled?: readonly TurnPassage[];
  /** JSON without content, for the journey view; ''. */
  readonly journey: string;
}

/** A turn that was committed, or will be. */
export interface TurnDone {
  readonly ref: SessionRef;
  readonly input: PromptInput;
  readonly shape: PromptShape;
  readonly turn: Omit<StoredTurn, 'content'>;
  /** All messages of the turn: what was sent anew, and the answer. */
  readonly messages: readonly Message[];
  /** The way to models on behalf of the call; undefined: there is none. */
  readonly ask?: AskModel | undefined;
  /**
   * It waits for the store, which is away: the version is the one that it would have, and its conversation can't be compacted. It is
   * not looked after again when it is written.
   */
  readonly isUnwritten?: boolean;
}

/** What decides how much of a conversation goes into a prompt, and looks after it between turns. */
export interface ContextMind {
  /** On the request path. */
  prompt(input: PromptInput): PromptShape | Promise<PromptShape>;
  /** Off it, after the commit, once a turn. Must not fail. */
  afterTurn(done: TurnDone): void;
  /** The prompt of a turn was refused for its length. */
  tooLong(input: PromptInput, shape: PromptShape): void;
  /** What was said in a session is not to be known any more. */
  forget(ref: SessionRef): void;
}

/** How the content of one tenant's turns is kept. */
export interface TenantSeal {
  /** What digests of its users, keys and messages are keyed with: the same for as long as it has keys. */
  readonly secret: string;
  /** What they were keyed with before anything was sealed, and before there was a secret at all: ''. */
  readonly formerSecrets: readonly string[];
  seal(text: string): string;
  /** @throws SealBroken if it can't be opened: the key was destroyed, or is another */
  open(text: string): string;
}

/** What content passes through before it is stored. */
export interface ContextPrivacy {
  /** At once where the tenant's key is at hand. @throws StoreUnavailable, SealBroken if no secret opens its keys */
  of(tenant: string): TenantSeal | Promise<TenantSeal>;
  redact(messages: readonly Message[]): readonly Message[];
  redactTexts(texts: readonly TextPart[]): readonly TextPart[];
  /** The keys at hand may not be the newest: asks for them at the next use. */
  lookAgain(tenant: string): void;
  /** Destroys the tenant's keys: nothing that was sealed for it can be read any more. False: it had none. */
  destroy(tenant: string): Promise<boolean>;
  /** Seals with another key from now on. @throws SealBroken if nothing is sealed */
  rotate(tenant: string): Promise<void>;
}
