import type { StreamWriter } from '../contracts/format.ts';
import type { Dialect } from '../contracts/provider.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { EventGate } from '../lib/event-gate.ts';
import { LARGEST_EVENT as LARGEST_READ } from './event-framing.ts';
import type { AnswerGuard } from './guards/answer-guard.ts';
import type { TurnTape } from './turn-tape.ts';
import type { WithheldEvents } from './withheld-events.ts';

/** Decides what of a stream goes to the client, and when. */
export interface Passage {
  /** Why nothing more may go on: a guard said so, or failed. */
  readonly stopped:
    | {
        readonly code: ErrorCode;
        readonly cause: unknown;
        /** By what ends an answer in its format. */
        readonly isSaid?: boolean;
      }
    | undefined;
  /** What guards let through, written down; undefined where nobody writes, or nobody changes anything. */
  readonly told: TurnTape | undefined;
  /** Nothing can go on that was not read. */
  readonly needsReading: boolean;
  /** There is no place in it for words of ours: where it breaks, so does the connection. */
  readonly isMute?: true;
  /** What may go on, now that this chunk has been read. */
  pass(chunk: Buffer): Buffer | string;
  /**
   * What is still to be said at the end.
   * @param failure why the stream did not end well
   * @param errorEvent says it, in the provider's words where it gave some
   */
  last(failure: ErrorCode | undefined, errorEvent: (message?: string) => string): Buffer | string;
}

/** Bytes of an event that is not complete yet: a model's tool call may come in one. */
const LARGEST_EVENT = 1024 * 1024;

/** Said by the stream itself. */
export const HAS_BEEN_SAID: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'provider_stream_failed',
  'provider_finish_missing',
]);

/** Passes the bytes on as they came, by whole events. */
export class BytePassage implements Passage {
  readonly needsReading = false;
  readonly stopped = undefined;
  readonly told = undefined;
  readonly #gate: EventGate;
  readonly #withheld: WithheldEvents | undefined;
  readonly #mark: NonNullable<Dialect['mark']>;

  /**
   * @param withheld has seen what passes
   * @param mark of its dialect
   * @param isRenamed each event is written anew behind it, for which it has to be whole: as large as one that can be read
   */
  constructor(withheld?: WithheldEvents, mark: Dialect['mark'] = (bytes) => bytes, isRenamed = false) {
    this.#gate = new EventGate(isRenamed ? LARGEST_READ : LARGEST_EVENT);
    this.#withheld = withheld;
    this.#mark = mark;
  }

  pass(chunk: Buffer): Buffer {
    return this.#through(this.#gate.pass(chunk));
  }

  last(failure: ErrorCode | undefined, errorEvent: () => string): Buffer | string {
    if (failure === undefined || HAS_BEEN_SAID.has(failure)) return this.#through(this.#gate.rest());
    // Half of an event too large to be held has been said: it ends here, so that this one stands for itself.
    return `${this.#gate.isInside ? '\n\n' : ''}${errorEvent()}`;
  }

  #through(bytes: Buffer): Buffer {
    return this.#mark(this.#withheld ? this.#withheld.pass(bytes) : bytes);
  }
}

/** Passes on bytes in another framing than ours, as they come. */
export class RawPassage implements Passage {
  readonly needsReading = false;
  readonly stopped = undefined;
  readonly told = undefined;
  readonly isMute = true;

  pass(chunk: Buffer): Buffer {
    return chunk;
  }

  last(): string {
    return '';
  }
}

/** Passes on what was read, in another format, as soon as it has been read. */
export class TranslatedPassage implements Passage {
  readonly needsReading = true;
  stopped: Passage['stopped'];
  readonly told: TurnTape | undefined;
  readonly #writer: StreamWriter;
  readonly #guard: AnswerGuard | undefined;
  #written = '';
  #failure: string | undefined;

  /** @param told writes down what the guard lets through */
  constructor(writer: StreamWriter, guard?: AnswerGuard, told?: TurnTape) {
    this.#writer = writer;
    this.#guard = guard;
    this.told = guard && told;
  }

  take(part: StreamPart): void {
    if (part.type === 'error') this.#failure = part.message || undefined;
    else if (this.#guard) this.#writeGuarded((guard) => guard.take(part));
    else this.#written += this.#writer.write(part);
  }

  #writeGuarded(through: (guard: AnswerGuard) => readonly StreamPart[]): void {
    if (!this.#guard || this.stopped) return;
    try {
      for (const part of through(this.#guard)) {
        this.#written += this.#writer.write(part);
        this.told?.part(part);
      }
    } catch (cause) {
      // What it held back is not said any more.
      const code = cause instanceof GatewayError ? cause.code : 'internal';
      const isSaid = code === 'content_filtered';
      this.stopped = { code, cause, isSaid };
      if (isSaid) this.#written += this.#writer.write({ type: 'finish', reason: 'content_filter' });
    }
  }

  pass(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }

  last(failure: ErrorCode | undefined, errorEvent: (message?: string) => string): string {
    if (failure === undefined) this.#writeGuarded((guard) => guard.end());
    return this.pass() + (failure === undefined ? this.#writer.end() : errorEvent(this.#failure));
  }
}
