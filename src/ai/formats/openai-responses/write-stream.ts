import type { AnswerName, StreamWriter } from '../../../contracts/format.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { FinishReason, StreamPart } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { UNSIGNED } from '../../seal.ts';
import { type Item, itemId, type MessagePart, writeEncrypted, writeItem, writePart } from './write-items.ts';
import { annotation, callStatus, statusOf, writeResponse } from './write-response.ts';

type ItemOf<T extends Item['type']> = Extract<Item, { type: T }>;

const isMessage = (item: Item): item is ItemOf<'message'> => item.type === 'message';

/**
 * Writes an answer as the events of a response: items that are added, grow and are done, each numbered. Calls of tools
 * stay open to the end, since a provider may go on with one after it has begun the next.
 */
export class ResponseEventWriter implements StreamWriter {
  readonly #name: AnswerName;
  readonly #asked: JsonObject;
  #number = 0;
  #isBegun = false;
  #id = '';
  #model = '';
  #serviceTier = '';
  #usage: Usage | undefined;
  #finish: FinishReason = '';
  readonly #items: Item[] = [];
  /** The message or the reasoning that grows. */
  #open: ItemOf<'message' | 'reasoning'> | undefined;
  readonly #calls = new Map<number, ItemOf<'function_call'>>();

  /** @param asked what the response repeats of its request */
  constructor(name: AnswerName, asked: JsonObject) {
    this.#name = name;
    this.#asked = asked;
  }

  write(part: StreamPart): string {
    switch (part.type) {
      case 'start':
        [this.#id, this.#model] = [part.id, part.model];
        return this.#begin();
      case 'text':
        return this.#say('output_text', part.text);
      case 'refusal':
        return this.#say('refusal', part.text);
      case 'reasoning':
        return this.#think(part.text);
      case 'reasoning-signature': {
        const opened = this.#open?.type === 'reasoning' ? '' : this.#openReasoning();
        return opened + this.#close(writeEncrypted('signature', part.signature, part.maker));
      }
      case 'reasoning-opaque':
        return this.#openReasoning() + this.#close(writeEncrypted('opaque', part.data, part.maker));
      case 'image': {
        const id = itemId('ig', this.#name, this.#items.length);
        const image: Item = { type: 'image_generation_call', id, status: 'in_progress', result: part.data };
        return this.#close() + this.#add(image) + this.#done(image);
      }
      case 'tool-call-start': {
        const id = itemId('fc', this.#name, this.#items.length);
        const call: ItemOf<'function_call'> = {
          type: 'function_call',
          id,
          status: 'in_progress',
          callId: part.id,
          name: part.name,
          arguments: '',
        };
        this.#calls.set(part.call, call);
        return this.#close() + this.#add(call);
      }
      case 'tool-call-arguments': {
        const call = this.#calls.get(part.call);
        if (!call || part.text === '') return '';
        call.arguments += part.text;
        return this.#event('response.function_call_arguments.delta', { ...this.#at(call), delta: part.text });
      }
      case 'citation': {
        const opened = this.#say('output_text', '');
        const open = this.#lastPart();
        const [written] = annotation(part.citation);
        if (!open || !written || this.#open?.type !== 'message') return opened;
        const place = { ...this.#inPart(this.#open), annotation_index: open.citations.length };
        open.citations.push(part.citation);
        const added = { ...place, annotation: written };
        return opened + this.#event('response.output_text.annotation.added', added);
      }
      case 'logprobs':
        // A refusal has no place for them there.
        if (part.isRefusal) return '';
        // Of a text before a picture, too, that is done by then: the whole response says them.
        this.#items
          .findLast(isMessage)
          ?.parts.at(-1)
          ?.logprobs.push(...part.tokens);
        return '';
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'service-tier':
        this.#serviceTier = part.tier;
        return '';
      case 'finish':
        this.#finish = part.reason;
        return '';
      default:
        return '';
    }
  }

  end(): string {
    const status = statusOf(this.#finish);
    const calls = [...this.#calls.values()];
    const closed =
      this.#begin() +
      this.#close(UNSIGNED, status) +
      calls.map((call) => this.#done(call, callStatus(call.arguments, status))).join('');
    return closed + this.#event(`response.${status}`, { response: this.#response(this.#finish) });
  }

  #begin(): string {
    if (this.#isBegun) return '';
    this.#isBegun = true;
    const response = this.#response(undefined);
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  #response(finishReason: FinishReason | undefined): JsonObject {
    const facts = { id: this.#id, model: this.#model, usage: this.#usage, serviceTier: this.#serviceTier };
    const output = finishReason === undefined ? [] : this.#items.map(writeItem);
    return writeResponse({ ...facts, output, finishReason, asked: this.#asked }, this.#name);
  }

  #event(type: string, rest: JsonObject): string {
    const data = JSON.stringify({ type, sequence_number: this.#number++, ...rest });
    return `event: ${type}\ndata: ${data}\n\n`;
  }

  #at(item: Item): JsonObject {
    return { item_id: item.id, output_index: this.#items.indexOf(item) };
  }

  #add(item: Item): string {
    const begun = this.#begin();
    this.#items.push(item);
    return (
      begun +
      this.#event('response.output_item.added', {
        output_index: this.#items.length - 1,
        item: writeItem(item),
      })
    );
  }

  #lastPart(): MessagePart | undefined {
    return this.#open?.type === 'message' ? this.#open.parts.at(-1) : undefined;
  }

  #say(type: MessagePart['type'], delta: string): string {
    let opened = '';
    if (this.#open?.type !== 'message') {
      opened = this.#close();
      const id = itemId('msg', this.#name, this.#items.length);
      const message: ItemOf<'message'> = { type: 'message', id, status: 'in_progress', parts: [] };
      opened += this.#add(message);
      this.#open = message;
    }
    const message = this.#open as ItemOf<'message'>;
    if (message.parts.at(-1)?.type !== type) {
      opened += this.#partDone(message);
      const part: MessagePart = { type, text: '', citations: [], logprobs: [] };
      message.parts.push(part);
      opened += this.#event('response.content_part.added', {
        ...this.#inPart(message),
        part: writePart(part),
      });
    }
    if (delta === '') return opened;
    (message.parts.at(-1) as MessagePart).text += delta;
    const logprobs = type === 'output_text' ? { logprobs: [] } : {};
    return opened + this.#event(`response.${type}.delta`, { ...this.#inPart(message), delta, ...logprobs });
  }

  #inPart(message: ItemOf<'message'>): JsonObject {
    return { ...this.#at(message), content_index: message.parts.length - 1 };
  }

  #partDone(message: ItemOf<'message'>): string {
    const part = message.parts.at(-1);
    if (!part) return '';
    const { type, text, logprobs } = part;
    const said = type === 'output_text' ? { text, logprobs } : { refusal: text };
    return (
      this.#event(`response.${type}.done`, { ...this.#inPart(message), ...said }) +
      this.#event('response.content_part.done', { ...this.#inPart(message), part: writePart(part) })
    );
  }

  #openReasoning(): string {
    const closed = this.#close();
    const id = itemId('rs', this.#name, this.#items.length);
    const reasoning: ItemOf<'reasoning'> = {
      type: 'reasoning',
      id,
      status: 'in_progress',
      text: '',
      encrypted: '',
    };
    const added = this.#add(reasoning);
    this.#open = reasoning;
    return closed + added;
  }

  #think(delta: string): string {
    let opened = this.#open?.type === 'reasoning' ? '' : this.#openReasoning();
    const reasoning = this.#open as ItemOf<'reasoning'>;
    const at = { ...this.#at(reasoning), summary_index: 0 };
    if (reasoning.text === '') {
      const part = { type: 'summary_text', text: '' };
      opened += this.#event('response.reasoning_summary_part.added', { ...at, part });
    }
    reasoning.text += delta;
    return opened + this.#event('response.reasoning_summary_text.delta', { ...at, delta });
  }

  /**
   * @param encrypted of reasoning; what nobody signed has its own
   * @param status of what is closed because the answer ends
   */
  #close(encrypted = UNSIGNED, status?: string): string {
    const open = this.#open;
    this.#open = undefined;
    if (open?.type === 'reasoning') open.encrypted = encrypted;
    return open ? this.#done(open, status) : '';
  }

  #done(item: Item, status = 'completed'): string {
    let last = '';
    const at = this.#at(item);
    item.status = status;
    if (item.type === 'message') last = this.#partDone(item);
    else if (item.type === 'function_call')
      last = this.#event('response.function_call_arguments.done', {
        ...at,
        name: item.name,
        arguments: item.arguments,
      });
    else if (item.type === 'reasoning' && item.text !== '') {
      const { text } = item;
      const part = { type: 'summary_text', text };
      last =
        this.#event('response.reasoning_summary_text.done', { ...at, summary_index: 0, text }) +
        this.#event('response.reasoning_summary_part.done', { ...at, summary_index: 0, part });
    }
    return (
      last +
      this.#event('response.output_item.done', { output_index: at.output_index, item: writeItem(item) })
    );
  }
}
