import type { AnswerName, StreamWriter } from '../../../contracts/format.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { FinishReason, StreamPart } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { parseObject } from '../../../lib/json.ts';
import { UNSIGNED } from '../../seal.ts';
import { imageText } from './image-text.ts';
import { writeCitation, writeData, writeSignature } from './write-answer.ts';
import { writeStopReason } from './write-stop-reason.ts';
import { writeUsage } from './write-usage.ts';

const event = (type: string, rest: JsonObject): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

const NO_USAGE: Usage = { input: 0, output: 0, cached: 0 };

/**
 * Writes an answer as the events of a message: blocks that open, grow and close, one after the other. A provider may go on
 * with a call of a tool after it has begun the next: what is not of the call that is open waits until that one is whole.
 */
export class MessageEventWriter implements StreamWriter {
  readonly #name: AnswerName;
  #isBegun = false;
  #blocks = 0;
  /** The block that is open: what it holds and its number. */
  #open: { type: string; index: number } | undefined;
  /** The call whose block is open, with what has come of its arguments. */
  #call: { number: number; arguments: string; isWhole: boolean } | undefined;
  /** What waits for that call. */
  #held: StreamPart[] = [];
  #usage = NO_USAGE;
  #finish: FinishReason = '';
  #stopSequence = '';
  #refuses = false;

  constructor(name: AnswerName) {
    this.#name = name;
  }

  write(part: StreamPart): string {
    if (this.#waits(part)) {
      this.#held.push(part);
      return '';
    }
    const written = this.#write(part);
    return this.#held.length > 0 && this.#call?.isWhole ? written + this.#catchUp() : written;
  }

  /** Of the call that is open nothing more is awaited. */
  #catchUp(): string {
    const held = this.#held;
    this.#held = [];
    return this.#close() + held.map((part) => this.write(part)).join('');
  }

  #waits(part: StreamPart): boolean {
    if (!this.#call || this.#call.isWhole || !CONTENT.has(part.type)) return false;
    return part.type !== 'tool-call-arguments' || part.call !== this.#call.number;
  }

  #write(part: StreamPart): string {
    switch (part.type) {
      case 'start':
        return this.#begin(part.id, part.model);
      case 'refusal':
        this.#refuses = true;
        return this.#grow('text', { text: '' }, { type: 'text_delta', text: part.text });
      case 'text':
        return this.#grow('text', { text: '' }, { type: 'text_delta', text: part.text });
      case 'image':
        return this.#grow('text', { text: '' }, { type: 'text_delta', text: imageText(part) });
      case 'citation':
        return writeCitation(part.citation)
          .map((citation) => this.#grow('text', { text: '' }, { type: 'citations_delta', citation }))
          .join('');
      case 'reasoning':
        return this.#grow('thinking', THINKING, { type: 'thinking_delta', thinking: part.text });
      case 'reasoning-signature': {
        const started = this.#open?.type === 'thinking' ? '' : this.#start('thinking', THINKING);
        return started + this.#close(writeSignature(part));
      }
      case 'reasoning-opaque':
        return this.#start('redacted_thinking', { data: writeData(part) }) + this.#close();
      case 'tool-call-start': {
        const started = this.#start('tool_use', { id: part.id, name: part.name, input: {} });
        this.#call = { number: part.call, arguments: '', isWhole: false };
        return started;
      }
      case 'tool-call-arguments': {
        const call = this.#call;
        if (call?.number !== part.call || part.text === '') return '';
        call.arguments += part.text;
        call.isWhole = part.text.endsWith('}') && parseObject(call.arguments) !== undefined;
        return delta(this.#open?.index ?? 0, { type: 'input_json_delta', partial_json: part.text });
      }
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'finish':
        this.#finish = part.reason;
        this.#stopSequence = part.stopSequence ?? '';
        return '';
      default:
        // Nothing of this format: tiers and probabilities can't be asked for, errors and ends are said elsewhere.
        return '';
    }
  }

  end(): string {
    let rest = this.#begin('', '');
    while (this.#held.length > 0) rest += this.#catchUp();
    const stop = {
      stop_reason: writeStopReason(this.#finish, this.#refuses),
      stop_sequence: this.#stopSequence || null,
    };
    return [
      rest,
      this.#close(),
      event('message_delta', { delta: stop, usage: writeUsage(this.#usage) }),
      event('message_stop', {}),
    ].join('');
  }

  #begin(id: string, model: string): string {
    if (this.#isBegun) return '';
    this.#isBegun = true;
    return event('message_start', {
      message: {
        id: id || `msg_${this.#name.id}`,
        type: 'message',
        role: 'assistant',
        model: model || this.#name.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        // Known at the end where the provider says it only then; the last event has all of it.
        usage: writeUsage(this.#usage),
      },
    });
  }

  #start(type: string, empty: JsonObject): string {
    const before = this.#begin('', '') + this.#close();
    const index = this.#blocks++;
    this.#open = { type, index };
    return before + event('content_block_start', { index, content_block: { type, ...empty } });
  }

  #grow(type: string, empty: JsonObject, change: JsonObject): string {
    const started = this.#open?.type === type ? '' : this.#start(type, empty);
    return started + delta(this.#open?.index ?? 0, change);
  }

  /** @param signature of a thought; one that nobody signed has its own */
  #close(signature = UNSIGNED): string {
    if (!this.#open) return '';
    const { index, type } = this.#open;
    this.#open = undefined;
    this.#call = undefined;
    const signed = type === 'thinking' ? delta(index, { type: 'signature_delta', signature }) : '';
    return signed + event('content_block_stop', { index });
  }
}

/** What stands in blocks. */
const CONTENT: ReadonlySet<StreamPart['type']> = new Set([
  'text',
  'refusal',
  'image',
  'citation',
  'reasoning',
  'reasoning-signature',
  'reasoning-opaque',
  'tool-call-start',
  'tool-call-arguments',
]);

const THINKING = { thinking: '', signature: '' };

const delta = (index: number, change: JsonObject): string =>
  event('content_block_delta', { index, delta: change });
