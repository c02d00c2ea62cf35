import type { Message, TextPart } from '../contracts/model-request.ts';
import type { ResponseAbout, SessionRef } from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { AskModel } from './compaction/summarize.ts';
import type { LogMark, LogTail } from './known-log.ts';

/** Who wants to go on with which conversation, and how: what is known before the body’s messages are read. */
export interface Opening {
  readonly ref: SessionRef;
  /** The end user, as the application names them; ''. */
  readonly user: string;
  /** An id that is not known begins a session; one that the gateway gave out does not. */
  readonly create: boolean;
  /** The gateway has named it, for this request alone: nothing was said in it before. */
  readonly isInvented?: boolean;
  /** An agent's header has named it: under this name it asks about several things side by side, each with all of its log. */
  readonly isAgents?: boolean;
  /** The response that this turn follows: its turn's id. */
  readonly follows: string | undefined;
  /** One at a time, and none that had not seen the one before. */
  readonly exclusive: boolean;
  readonly ifVersion: number | undefined;
  readonly seenVersion: number | undefined;
  /** The client's idempotency key; ''. */
  readonly key: string;
  readonly mode: 'auto' | 'full' | 'delta';
}

/** A turn that is asked for: of which conversation, and what is said. */
export interface Ask extends Opening {
  /** Where there is a key, all that shapes the answer beside the messages: the same request says the same; ''. */
  readonly wishes: string;
  readonly system: readonly TextPart[];
  /** What the client sends; of a log that begins with one that is known, what comes behind that. */
  readonly messages: readonly Message[];
  /** Of such a log: the rest of it. */
  readonly tail?: LogTail | undefined;
  /** What the client sends has answers in it, though nothing of them may be among the messages. */
  readonly hasAnswers?: boolean;
  /** By what the log is known from now on; undefined: by nothing. Off the request path: it reads all of it. */
  readonly mark?: (() => LogMark | undefined) | undefined;
  /** The alias. */
  readonly model: string;
  readonly otherTokens: number;
  /** Tokens that one answer may have; 0 = the client did not say. */
  readonly maxOutput: number;
  /** Tokens that the model reads and writes in one call; 0 = not known. */
  readonly window: number;
  /** The same where a route chooses only when what was said before is known; absent: none does. */
  readonly widest?: number | undefined;
  /** The way to models on behalf of the call. */
  readonly askModel: AskModel;
  /** Of a response: what it was asked with beside its input, as it says itself. */
  readonly response?: ResponseAbout;
  readonly requestId: string;
}

/** @param waitMs until it may be worth another try */
export const lockedAt = (version: number, waitMs: number): GatewayError =>
  new GatewayError('conversation_locked', {
    detail: `Its version is ${version}.`,
    headers: {
      'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))),
      'x-context-version': String(version),
    },
  });

export const isLocked = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === 'conversation_locked';
