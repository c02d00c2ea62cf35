import type { AnswerName, StreamWriter } from '../../../contracts/format.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { FinishReason, StreamPart } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { imageText, writeCitation } from './write-answer.ts';
import { writeStopReason } from './write-stop-reason.ts';
import { writeUsage } from './write-usage.ts';

const event = (type: string, rest: JsonObject): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

const NO_USAGE: Usage = { input: 0, output: 0, cached: 0 };

/** Writes an answer as the events of a message: blocks that open, grow and close, one after the other. */
export class MessageEventWriter implements StreamWriter {
  readonly #name: AnswerName;
  #isBegun = false;
  #blocks = 0;
  /** The block that is open: what it holds and its number. */
  #open: { type: string; index: number } | undefined;
  /** Blocks of tool calls, by the call's number. */
  readonly #calls = new Map<number, number>();
  #usage = NO_USAGE;
  #finish: FinishReason = '';
  #stopSequence = '';

  constructor(name: AnswerName) {
    this.#name = name;
  }

  write(part: StreamPart): string {
    switch (part.type) {
      case 'start':
        return this.#begin(part.id, part.model);
      case 'text':
      case 'refusal':
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
        const { signature } = part;
        return this.#grow('thinking', THINKING, { type: 'signature_delta', signature }) + this.#close();
      }
      case 'reasoning-opaque':
        return this.#start('redacted_thinking', { data: part.data }) + this.#close();
      case 'tool-call-start': {
        const started = this.#start('tool_use', { id: part.id, name: part.name, input: {} });
        this.#calls.set(part.call, this.#blocks - 1);
        return started;
      }
      case 'tool-call-arguments': {
        const index = this.#calls.get(part.call);
        return index === undefined || part.text === ''
          ? ''
          : delta(index, { type: 'input_json_delta', partial_json: part.text });
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
    const stop = {
      stop_reason: writeStopReason(this.#finish),
      stop_sequence: this.#stopSequence || null,
    };
    return [
      this.#begin('', ''),
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
        id: id || `msg_${this.#name.requestId}`,
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

  #close(): string {
    if (!this.#open) return '';
    const { index } = this.#open;
    this.#open = undefined;
    return event('content_block_stop', { index });
  }
}

const THINKING = { thinking: '', signature: '' };

const delta = (index: number, change: JsonObject): string =>
  event('content_block_delta', { index, delta: change });
