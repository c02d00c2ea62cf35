import type { JsonObject } from '../contracts/model-request.ts';
import type { Dialect, Emit, Frame, Framing, StreamReader } from '../contracts/provider.ts';
import type { FailedPart, StreamPart } from '../contracts/stream-part.ts';
import type { AnswerFacts, Pace, Usage } from '../contracts/usage.ts';
import { parseObject } from '../lib/json.ts';
import { AlikeEvents } from './alike-events.ts';
import type { AnswerTape } from './answer-tape.ts';
import { openEventFraming } from './event-framing.ts';
import { PartFacts } from './part-facts.ts';
import type { TurnTape } from './turn-tape.ts';
import type { WithheldEvents } from './withheld-events.ts';

interface Beside {
  readonly tape?: AnswerTape | undefined;
  readonly turnTape?: TurnTape | undefined;
  readonly withheld?: WithheldEvents | undefined;
  /** @param value its data as JSON; undefined: it is no object */
  readonly onEvent?: ((frame: Frame, value: JsonObject | undefined) => void) | undefined;
}

/** Behind an event, where lines end as nearly everybody ends them. */
const EMPTY_LINE = Buffer.from('\n\n');

/** Reads a stream as it comes: what it says about itself, and its parts for who wants them. */
export class StreamWatch implements AnswerFacts {
  /** Something was said, thought or called: an answer has begun. A role, an id or usage alone is none. */
  begun = false;
  /** An event was too long to be read: nothing more is known of this stream. */
  blind = false;
  readonly tape: AnswerTape | undefined;
  readonly turnTape: TurnTape | undefined;
  readonly withheld: WithheldEvents | undefined;
  readonly #facts = new PartFacts();
  readonly #framing: Framing;
  readonly #reader: StreamReader | undefined;
  readonly #emit: Emit;
  readonly #onEvent: Beside['onEvent'];
  readonly #now: () => number;
  readonly #alike: AlikeEvents | undefined;
  /** Nothing comes any more, and it did not break off. */
  #hasEnded = false;
  /** Whether what was read ends with an event, so that the next bytes begin one. */
  #isBetween = true;
  /** Parts that an event was read as, and the last of them. */
  #parts = 0;
  #part: StreamPart | undefined;
  /** The part of an event that was nothing else. */
  #onlyText: Extract<StreamPart, { type: 'text' }> | undefined;
  /** When the bytes came that are read now; below 0: nobody has asked yet. */
  #cameAt = -1;
  #firstAt = -1;
  #lastAt = -1;
  #longestGapMs = 0;

  /**
   * @param onPart is given each part
   * @param beside what else sees it: a tape that writes all of it down, one for what it says, what withholds some of it, and who
   *   reads each event as well
   * @param now the monotonic clock, in milliseconds
   */
  constructor(
    dialect: Dialect,
    onPart?: Emit,
    { tape, turnTape, withheld, onEvent }: Beside = {},
    now: () => number = () => performance.now(),
  ) {
    const facts = this.#facts;
    this.#now = now;
    this.tape = tape;
    this.turnTape = turnTape;
    this.withheld = withheld;
    this.#onEvent = onEvent;
    this.#emit = (part) => {
      this.#parts++;
      this.#part = part;
      this.begun ||= begins(part);
      facts.take(part);
      tape?.part(part);
      turnTape?.part(part);
      onPart?.(part);
    };
    this.#reader = dialect.openStream?.(this.#emit);
    if (this.#reader?.readsAlike && !dialect.stream) this.#alike = new AlikeEvents();
    const openFraming = dialect.stream?.openFraming ?? openEventFraming;
    this.#framing = openFraming(
      (frame) => this.#onFrame(frame),
      () => {
        this.blind = true;
      },
    );
  }

  get usage(): Usage | undefined {
    return this.#facts.usage;
  }
  get isCut(): boolean {
    const hasEnded = this.#hasEnded || this.done;
    return !hasEnded || (this.failed && this.usage === undefined);
  }
  get earlyUsage(): Usage | undefined {
    return this.#facts.earlyUsage;
  }
  get finishReason(): string {
    return this.#facts.finishReason;
  }
  get text(): string {
    return this.#facts.text;
  }
  get characters(): number {
    // What passed unread was no empty answer.
    return this.blind ? Math.max(1, this.#facts.characters) : this.#facts.characters;
  }
  get refused(): boolean {
    return this.#facts.refused;
  }
  get malformedToolCall(): boolean {
    return this.#facts.malformedToolCall;
  }
  get tool(): string {
    return this.#facts.tool;
  }
  get said(): string | undefined {
    return this.#facts.said;
  }
  get confidence(): number {
    return this.#facts.confidence;
  }
  get serviceTier(): string {
    return this.#facts.serviceTier;
  }
  get pace(): Pace | undefined {
    return this.#firstAt < 0
      ? undefined
      : {
          firstAt: this.#firstAt,
          lastAt: this.#lastAt,
          longestGapMs: this.#longestGapMs,
          thinksAloud: this.#facts.thinksAloud,
        };
  }
  /** The provider said that nothing follows. */
  get done(): boolean {
    return this.#facts.done;
  }
  /** The provider said in the stream that it failed. */
  get failed(): boolean {
    return this.#facts.failed;
  }
  get failure(): FailedPart | undefined {
    return this.#facts.failure;
  }
  /** As if it had said so before it began, a status; 0 = it does not say. */
  get failedWith(): number {
    return this.#facts.failedWith;
  }

  /** Bytes in the order in which they came, cut anywhere. */
  see(chunk: Buffer): void {
    this.tape?.bytes(chunk);
    this.#cameAt = -1;
    if (this.blind) return;
    if (this.#alike && !this.#alike.isOver) this.#seeEach(chunk, this.#alike);
    else this.#framing.feed(chunk);
  }

  /** One event after the other: those that are like the one before need not be taken apart. */
  #seeEach(chunk: Buffer, alike: AlikeEvents): void {
    let at = 0;
    while (this.#isBetween && at < chunk.length) {
      const part = this.begun ? alike.read(chunk, at) : undefined;
      if (part) {
        this.#emit(part);
        this.#textCame();
        at = alike.end;
        continue;
      }
      const end = chunk.indexOf(EMPTY_LINE, at);
      if (end < 0) break;
      const event = chunk.subarray(at, end + EMPTY_LINE.length);
      at += event.length;
      this.#onlyText = undefined;
      this.#framing.feed(event);
      if (this.#onlyText) alike.learn(event, this.#onlyText);
    }
    if (at === chunk.length) return;
    this.#framing.feed(at === 0 ? chunk : chunk.subarray(at));
    this.#isBetween =
      chunk.length >= EMPTY_LINE.length && chunk.subarray(-EMPTY_LINE.length).equals(EMPTY_LINE);
  }

  /** Nothing comes any more. */
  end(): void {
    this.#hasEnded = true;
    if (!this.blind) this.#framing.end();
    this.#reader?.close?.(this.blind);
  }

  #onFrame(frame: Frame): void {
    const { event, data } = frame;
    if (data === '[DONE]') {
      this.#reader?.end?.();
      this.#emit({ type: 'end' });
      this.#onEvent?.(frame, undefined);
      return;
    }
    // Says only that the connection lives.
    if (event === 'ping') return;
    const value = parseObject(data);
    const before = this.#facts.characters;
    if (value && this.#reader) this.#read(value, event, this.#reader);
    // Anything else passes on as it came; a stream of nothing else ends without a finish reason, and that is recorded.
    else if (event === 'error') this.#emit({ type: 'error', message: '' });
    else this.begun = true;
    if (this.#facts.characters > before) this.#textCame();
    this.#onEvent?.(frame, value);
  }

  #read(value: JsonObject, event: string, reader: StreamReader): void {
    const isWithheld = this.withheld?.saw(value);
    this.#alike?.forget();
    this.#parts = 0;
    reader.read(value, event);
    if (!this.begun && reader.isAtWork?.(value)) this.begun = true;
    if (this.#parts === 1 && this.#part?.type === 'text' && !isWithheld) this.#onlyText = this.#part;
  }

  #textCame(): void {
    if (this.#cameAt < 0) this.#cameAt = this.#now();
    const now = this.#cameAt;
    if (this.#firstAt < 0) this.#firstAt = now;
    else this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}

/** Whether a part is the answer's own, and no preamble to it. */
function begins(part: StreamPart): boolean {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text !== '';
    case 'start':
    case 'choice-start':
    case 'usage':
    case 'service-tier':
    case 'item-start':
    case 'end':
      return false;
    default:
      return true;
  }
}
