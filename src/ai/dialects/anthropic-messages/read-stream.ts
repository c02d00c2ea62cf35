import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { convertUsage, tierOf } from '../anthropic-usage.ts';
import { failedPart } from '../failed-part.ts';
import { readBlock, readCitation, readStop } from './read-block.ts';

/** Reads the events of a message. */
export class MessageEventReader implements StreamReader {
  readonly readsAlike = true;
  readonly #emit: Emit;
  /** Tool calls by the number of their block. */
  readonly #calls = new Map<unknown, number>();
  /** Input is said at the start, output at the end; the later event may say both. */
  #usage: JsonObject = {};
  /** Of the web, that found something: what is owed for them if it never comes to its end. */
  #searches = 0;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  read(event: JsonObject, name: string): void {
    switch (event.type ?? name) {
      case 'message_start': {
        const message = objectOf(event.message);
        this.#emit({ type: 'start', id: textOf(message.id), model: textOf(message.model) });
        this.#readUsage(message.usage, true);
        break;
      }
      case 'content_block_start':
        this.#readStart(objectOf(event.content_block), event.index);
        break;
      case 'content_block_delta':
        this.#readDelta(objectOf(event.delta), event.index);
        break;
      case 'message_delta':
        readStop(objectOf(event.delta), this.#emit);
        this.#readUsage(event.usage, false);
        break;
      case 'message_stop':
        this.#emit({ type: 'end' });
        break;
      case 'error':
        this.#readError(objectOf(event.error));
        break;
    }
  }

  /** It thinks though it does not show what, or a tool of the provider's is at work. */
  isAtWork({ type, content_block: block }: JsonObject): boolean {
    return type === 'content_block_start' && objectOf(block).type !== 'text';
  }

  #readError({ message, type, details }: JsonObject): void {
    this.#emit(failedPart(textOf(message), type, objectOf(details).error_code));
  }

  #readStart(block: JsonObject, index: unknown): void {
    readBlock(block, this.#emit);
    if (block.type === 'web_search_tool_result' && Array.isArray(block.content))
      this.#readUsage({ server_tool_use: { web_search_requests: ++this.#searches } }, true);
    if (block.type !== 'tool_use') return;
    const call = this.#calls.size;
    this.#calls.set(index, call);
    this.#emit({ type: 'tool-call-start', call, id: textOf(block.id), name: textOf(block.name) });
    // Some that speak this format give a small call at once.
    const input = objectOf(block.input);
    if (Object.keys(input).length > 0)
      this.#emit({ type: 'tool-call-arguments', call, text: JSON.stringify(input) });
  }

  #readDelta(delta: JsonObject, index: unknown): void {
    const call = this.#calls.get(index);
    if (delta.type === 'input_json_delta') {
      const text = textOf(delta.partial_json);
      if (call !== undefined && text !== '') this.#emit({ type: 'tool-call-arguments', call, text });
    } else if (delta.type === 'citations_delta') {
      readCitation(objectOf(delta.citation), this.#emit);
    } else {
      readBlock({ ...delta, type: DELTAS[String(delta.type)] }, this.#emit);
    }
  }

  #readUsage(reported: unknown, isEarly: boolean): void {
    const said = Object.entries(objectOf(reported)).filter(([, value]) => value !== null);
    if (said.length === 0) return;
    this.#usage = { ...this.#usage, ...Object.fromEntries(said) };
    const tier = isEarly ? tierOf(objectOf(reported)) : '';
    if (tier !== '') this.#emit({ type: 'service-tier', tier });
    const usage = convertUsage(this.#usage);
    if (usage) this.#emit({ type: 'usage', usage, isEarly });
  }
}

/** The block that a delta adds to. */
const DELTAS: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'thinking',
};
