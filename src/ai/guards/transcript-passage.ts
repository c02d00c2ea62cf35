import type { AnswerFilter, ModelGuard } from '../../contracts/guard.ts';
import type { Frame } from '../../contracts/provider.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { concludeText, endText, guardedText, openFilters, takeText } from '../../lib/answer-filters.ts';
import { isObject, objectsOf, parseString, textOf } from '../../lib/json.ts';
import { HAS_BEEN_SAID, type Passage } from '../passage.ts';
import { guardEvent, guardResult, leaveOutTokens } from './guard-result.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';
import { guardedTranscript } from './guarded-transcript.ts';
import { readList } from './listed-transcript.ts';

type Container = { [key: string]: unknown };

/** What an event says of the transcript: the next piece of it. */
interface Piece {
  readonly name: string;
  readonly text: string;
  /** The event's data with another text, and without the tokens, which say what is held back, or was taken out. */
  readonly write: (text: string) => string;
  /** It ends the text, or a piece of it: then another follows. */
  readonly isLast: boolean;
}

/** A piece that may be the last: it goes on once that is known, with all that is left of the text. */
interface Ending {
  readonly piece: Piece;
  readonly left: string;
  /** Its event's data, where nothing of it was changed, '' = it has gone on already; undefined: something was. */
  readonly asItCame: string | undefined;
}

interface Segment {
  readonly name: string;
  readonly event: Container;
}

/** Names of events that say once more what was said in pieces; */
const ALL_OF_IT = /\.(?:segment|done)$/;
/** and of those behind which nothing more is said: OpenAI's, and Mistral's. Others may end a piece of the sound. */
const LAST = new Set(['transcript.text.done', 'transcription.done']);
/** Characters of segments, and of events behind an end, that wait: as the longest transcript that is held until it is whole. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * Leads a transcript that is streamed through the guards. Its text, however little is said of it, goes on as far as they let it; segments, which say the same once
 * more with who says it, wait for the end, so that what begins in one and ends in the next is seen; and the event that says all
 * of it is read as a transcript that is not streamed.
 */
export class TranscriptPassage implements Passage {
  readonly needsReading = true;
  readonly told = undefined;
  stopped: Passage['stopped'];
  readonly #guards: readonly ModelGuard[];
  readonly #guard: GuardText;
  #filters: AnswerFilter[] = [];
  /** What has come of the text and not gone on. */
  #held = '';
  #isChanged = false;
  #piece: Piece | undefined;
  #ending: Ending | undefined;
  /** What came behind it, and waits with it. */
  #behind = '';
  #segments: Segment[] = [];
  #waiting = 0;
  /** Whether the text comes as frames of nothing else; undefined: nothing has come. */
  #isRaw: boolean | undefined;
  #written = '';

  constructor(guards: readonly ModelGuard[]) {
    this.#guards = guards;
    this.#guard = (text) => guardedText(guards, 'result', text);
  }

  /** @param event its data, parsed: it is changed; undefined: it is no object */
  take({ event: name, data }: Frame, event: Container | undefined): void {
    this.#unlessStopped(() => {
      if (event) {
        this.#event(name, event, data);
        return;
      }
      if (data === '[DONE]') {
        this.#end();
        this.#write(name, data);
        return;
      }
      if (this.#isRaw === false) {
        // Between events it is none of the text.
        this.#write(name, guardedTranscript(data, this.#guard));
        return;
      }
      this.#isRaw = true;
      this.#sayLine(name, data);
    });
  }

  pass(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }

  last(failure: ErrorCode | undefined, errorEvent: () => string): string {
    // What was let through has been said, whatever comes of the rest.
    this.#unlessStopped(() => (failure === undefined ? this.#end() : this.#writeEnding('')));
    return this.pass() + (failure === undefined || HAS_BEEN_SAID.has(failure) ? '' : errorEvent());
  }

  #unlessStopped(read: () => void): void {
    if (this.stopped) return;
    try {
      read();
    } catch (cause) {
      // What was held back is not said any more.
      this.stopped = { code: cause instanceof GatewayError ? cause.code : 'internal', cause };
    }
  }

  #event(name: string, event: Container, data: string): void {
    this.#isRaw ??= false;
    const type = textOf(event.type) || name;
    const piece = pieceOf(name, event, type);
    if (piece) {
      this.#say(piece, data);
      return;
    }
    const end = endIn(event);
    if (end) {
      const isChanged = guardEvent(event, this.#guard);
      const piece = { ...pieceIn(name, event, end, 'content', true), text: '' };
      this.#say(piece, isChanged ? JSON.stringify(event) : data);
      return;
    }
    if (textOf(event.type) === '' && typeof event.text === 'string' && !ALL_OF_IT.test(name)) {
      const { text } = event;
      // What else it says nobody here knows.
      const isChanged = guardEvent(Object.assign(event, { text: '' }), this.#guard);
      event.text = text;
      this.#say(pieceIn(name, event, event, 'text', false), isChanged ? JSON.stringify(event) : data);
      return;
    }
    if (type.endsWith('.segment') && typeof event.text === 'string') {
      this.#segments.push({ name, event });
      this.#waiting += data.length;
      if (this.#waiting > MOST_WAITING) this.#showSegments();
      return;
    }
    this.#write(name, this.#besideText(type, event) ? JSON.stringify(event) : data);
  }

  /** A frame that is no object: a line of the text, which may be written as a string or a list of JSON. */
  #sayLine(name: string, data: string): void {
    const list = readList(data, this.#guard);
    if (list) {
      const write = (text: string): string => list.write(text);
      this.#say({ name, text: list.text, write, isLast: false }, list.json);
      return;
    }
    const said = parseString(data);
    const write = said === undefined ? (text: string) => text : (text: string) => JSON.stringify(text);
    this.#say({ name, text: said ?? data, write, isLast: false }, data);
  }

  #say(piece: Piece, data: string): void {
    this.#writeEnding('');
    const { text, name, isLast } = piece;
    if (this.#filters.length === 0) this.#filters = openFilters(this.#guards, 'result');
    const left = takeText(this.#filters, text);
    this.#follow(text, left);
    this.#piece = piece;
    const isAsItCame = left === text && (text === '' || (this.#held === '' && !this.#isChanged));
    if (isLast) this.#ending = { piece, left, asItCame: isAsItCame ? data : undefined };
    else if (isAsItCame) this.#write(name, data);
    else if (left !== '') this.#write(name, piece.write(left));
  }

  /** What is no piece of the text, and may say all of it. @returns whether a guard has changed something */
  #besideText(type: string, event: Container): boolean {
    if (!type.endsWith('.done')) return guardEvent(event, this.#guard);
    const isLast = LAST.has(type);
    if (isLast) this.#end();
    else this.#waitForText();
    const isChanged = guardResult(event, this.#guard);
    return (!isLast && guardEvent(event, this.#guard)) || isChanged;
  }

  /** What comes now goes on behind the text that is held back, and ends it no more than another piece of it would. */
  #waitForText(): void {
    if (this.#ending || !this.#piece || (this.#held === '' && !this.#isChanged)) return;
    this.#ending = { piece: this.#piece, left: '', asItCame: '' };
  }

  /** @param rest what the guards held back up to the end of the text */
  #writeEnding(rest: string): void {
    const ending = this.#ending;
    if (!ending) return;
    this.#ending = undefined;
    const { piece, left, asItCame } = ending;
    const data = rest === '' && asItCame !== undefined ? asItCame : piece.write(left + rest);
    if (data !== '') this.#write(piece.name, data);
    this.#written += this.#behind;
    this.#behind = '';
  }

  #follow(text: string, left: string): void {
    if (this.#isChanged) return;
    const held = this.#held + text;
    this.#isChanged = !held.startsWith(left);
    this.#held = this.#isChanged ? '' : held.slice(left.length);
  }

  #endText(): string {
    const text = endText(this.#filters);
    concludeText(this.#filters);
    this.#filters = [];
    this.#held = '';
    this.#isChanged = false;
    return text;
  }

  /** All of the text has come. */
  #end(): void {
    const rest = this.#endText();
    if (this.#ending) this.#writeEnding(rest);
    else if (rest !== '' && this.#piece) this.#write(this.#piece.name, this.#piece.write(rest));
    this.#showSegments();
  }

  #showSegments(): void {
    const segments = this.#segments;
    if (segments.length === 0) return;
    this.#segments = [];
    this.#waiting = 0;
    const texts = segments.map(({ event }) => event.text as string);
    const guarded = guardedPieces(texts, this.#guard);
    for (const [i, { name, event }] of segments.entries()) {
      if (guarded[i] !== texts[i]) {
        event.text = guarded[i];
        delete event.words;
        leaveOutTokens(event);
      }
      this.#write(name, JSON.stringify(event));
    }
  }

  #write(name: string, data: string): void {
    const head = name === '' ? '' : `event: ${name}\n`;
    const frame = `${head}data: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
    if (!this.#ending) {
      this.#written += frame;
      return;
    }
    this.#behind += frame;
    if (this.#behind.length > MOST_WAITING) this.#writeEnding('');
  }
}

/** OpenAI says it in `delta`, Mistral in `text`, and servers of one's own in chunks as of a chat (vLLM). */
function pieceOf(name: string, event: Container, type: string): Piece | undefined {
  const [choice, ...others] = objectsOf(event.choices);
  const delta = choice?.delta;
  if (choice && others.length === 0 && isObject(delta) && typeof delta.content === 'string') {
    return pieceIn(name, event, delta, 'content', typeof choice.finish_reason === 'string');
  }
  if (!type.endsWith('.delta')) return undefined;
  const key = ['delta', 'text'].find((each) => typeof event[each] === 'string');
  return key === undefined ? undefined : pieceIn(name, event, event, key, false);
}

/** Where the text would stand of a piece that ends without one. */
function endIn(event: Container): Container | undefined {
  const [choice, ...others] = objectsOf(event.choices);
  const isEnd = choice && others.length === 0 && typeof choice.finish_reason === 'string';
  return isEnd && isObject(choice.delta) ? choice.delta : undefined;
}

/** @param holder where in the event the text stands, under the key */
function pieceIn(name: string, event: Container, holder: Container, key: string, isLast: boolean): Piece {
  const write = (text: string): string => {
    holder[key] = text;
    for (const each of [event, ...objectsOf(event.choices)]) leaveOutTokens(each);
    return JSON.stringify(event);
  };
  return { name, text: holder[key] as string, write, isLast };
}
