/**
 * A text that a model will read, and who says it ('' = nobody in particular). It is changed by setting it; a thought that its
 * provider has signed is left out then, since it would be refused, or stays where the gateway has kept it for that one alone.
 */
export interface RequestText {
  readonly role: string;
  /** Of a conversation that the gateway remembers: it was said before, or sums that up, and its client can't take it back. */
  readonly isKept: boolean;
  text: string;
}

/** Tells once that nobody waits for a verdict any more: the client has left, or the gateway stops. */
export interface Leaving {
  readonly aborted: boolean;
  /** Why, once it has. */
  readonly reason: Error | undefined;
  once(event: 'abort', listener: () => void): void;
  off(event: 'abort', listener: () => void): void;
}

/** A request to a model as guards see it, in whichever format it came. */
export interface GuardedRequest {
  /** @throws `unreadable`, so that nothing goes past a guard that does not know of it */
  readonly texts: readonly RequestText[];
  /** What refuses a request that says something in a form that is no text (embeddings of tokens); undefined: it doesn't. */
  readonly unreadable: Error | undefined;
  /** Output tokens that it allows; undefined: it names no maximum. */
  maxTokens: number | undefined;
  readonly leaving: Leaving;
}

/**
 * What of an answer a text is. By a refusal a model says why it gives none. Reasoning may be signed by its provider: changed,
 * it can't be sent back. A result is of what is no talk: a transcript, a document that was ranked.
 */
export type AnswerTextKind = 'text' | 'refusal' | 'arguments' | 'reasoning' | 'result';

/** Looks at one text of an answer as it comes. It throws a GatewayError to end the answer. */
export interface AnswerFilter {
  /** It judges what an answer says: what follows its text waits, within a bound, until it is known what that text was. */
  readonly judges?: boolean;
  /**
   * @param isAside the model has called a tool, or refused: what it says now is no answer
   * @returns what may go on now; the rest is held back, within a bound
   */
  take(text: string, isAside?: boolean): string;
  /**
   * Nothing comes any more.
   *
   * @param isAside the model calls a tool, or refuses: what it says beside that is no answer yet, or none
   * @returns what was held back
   */
  end(isAside?: boolean): string;
  /**
   * The answer has ended, and its text long before, perhaps: for one that holds nothing up and still wants to know what it was.
   *
   * @param isAside as of `end`, now that nothing can follow
   */
  conclude?(isAside: boolean): void;
}

/** A guard's work on one call: it may remember from the request what it does to the answer. */
export interface ModelGuard {
  /** Before a budget is reserved or a model asked. An error ends the call. */
  onRequest?(request: GuardedRequest): Error | undefined | Promise<Error | undefined>;
  /**
   * Absent: the answer goes by unread. Undefined: a text of this kind does.
   * @param isTold it is given again: the client has been told just this before
   */
  openAnswer?(kind: AnswerTextKind, isTold?: boolean): AnswerFilter | undefined;
  /** A text of the answer with what this guard took out of the request again in its place. It records nothing. */
  restored?(text: string): string;
}

/** Something that a guard did, or in report mode would have done. Never holds data of the request or the answer. */
export interface GuardAction {
  readonly guard: string;
  readonly action: 'blocked' | 'changed' | 'reported';
  readonly direction: 'request' | 'answer';
  /** What of the guard's settings spoke: a kind of data, a topic, a score; `unreadable` where there was no text to read. */
  readonly rule: string;
}
