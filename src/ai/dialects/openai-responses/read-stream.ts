import type { JsonObject, Maker } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { failedPart } from '../failed-part.ts';
import { tokensIn } from '../logprobs.ts';
import { isOther, readEnd, readSealed } from './read-response.ts';
import { containersNamed, ItemUses } from './tool-uses.ts';

/** The part that an event adds to. */
const DELTAS: Readonly<Record<string, 'text' | 'refusal' | 'reasoning'>> = {
  'response.output_text.delta': 'text',
  'response.refusal.delta': 'refusal',
  'response.reasoning_summary_text.delta': 'reasoning',
  'response.reasoning_text.delta': 'reasoning',
};

const ENDS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** Reads the events of a response. */
export class ResponseEventReader implements StreamReader {
  readonly #emit: Emit;
  readonly #maker: Maker;
  /** Tool calls by the number of their item. */
  readonly #calls = new Map<unknown, number>();
  /** Of the items that are done: what is owed for them if it never comes to its end. */
  #uses: ItemUses | undefined;
  #named: ReadonlySet<string> = new Set();

  constructor(emit: Emit, maker: Maker) {
    this.#emit = emit;
    this.#maker = maker;
  }

  read(event: JsonObject, name: string): void {
    const type = textOf(event.type) || name;
    const delta = DELTAS[type];
    if (delta) {
      if (textOf(event.delta) !== '') this.#emit({ type: delta, text: textOf(event.delta) });
      const tokens = tokensIn(event.logprobs);
      if (tokens.length > 0) this.#emit({ type: 'logprobs', tokens });
    } else if (type === 'response.created') {
      const response = objectOf(event.response);
      const { id, model } = response;
      this.#named = containersNamed(response);
      this.#emit({ type: 'start', id: textOf(id), model: textOf(model) });
    } else if (type === 'response.output_item.added') {
      this.#readItem(objectOf(event.item), event.output_index);
    } else if (type === 'response.output_item.done') {
      this.#readDone(objectOf(event.item));
    } else if (type === 'response.function_call_arguments.delta') {
      const call = this.#calls.get(event.output_index);
      if (call !== undefined) this.#emit({ type: 'tool-call-arguments', call, text: textOf(event.delta) });
    } else if (type === 'error') {
      const { message, code, type: kind } = { ...event, ...objectOf(event.error) };
      this.#emit(failedPart(textOf(message), code, kind));
    } else if (ENDS.has(type)) {
      readEnd(objectOf(event.response), this.#emit);
      this.#emit({ type: 'end' });
    }
  }

  isAtWork({ type, item }: JsonObject): boolean {
    return type === 'response.output_item.added' && objectOf(item).type !== 'message';
  }

  #readDone(item: JsonObject): void {
    readSealed(item, this.#maker, this.#emit);
    if (!isOther(item)) return;
    this.#uses ??= new ItemUses();
    if (!this.#uses.take(item)) return;
    const usage = { input: 0, output: 0, cached: 0, ...this.#uses.uses(this.#named) };
    this.#emit({ type: 'usage', usage, isEarly: true });
  }

  #readItem(item: JsonObject, index: unknown): void {
    this.#emit({ type: 'item-start', id: textOf(item.id) });
    if (isOther(item)) this.#emit({ type: 'item' });
    if (item.type !== 'function_call') return;
    const call = this.#calls.size;
    this.#calls.set(index, call);
    this.#emit({ type: 'tool-call-start', call, id: textOf(item.call_id), name: textOf(item.name) });
  }
}
