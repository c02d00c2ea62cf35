import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { BegunChoices } from '../begun-choices.ts';
import { choiceOf } from '../choice.ts';
import { failedPart } from '../failed-part.ts';
import { usageIn } from './convert-usage.ts';
import { customCallsIn, type FunctionCall, functionCallsIn } from './read-calls.ts';
import { readChoice, readContent } from './read-content.ts';

interface OpenCall {
  readonly call: number;
  readonly id: string;
  /** Its name has come, or arguments without one: until then nobody is told of it. */
  isTold: boolean;
}

/** Reads the chunks of a chat completion. */
export class ChunkReader implements StreamReader {
  readonly readsAlike = true;
  readonly #emit: Emit;
  readonly #begun: BegunChoices;
  #isBegun = false;
  #serviceTier = '';
  /** Tool calls by choice and the provider's number. */
  readonly #calls = new Map<string, OpenCall>();
  /** How many calls a choice has. */
  readonly #counts = new Map<number, number>();

  constructor(emit: Emit) {
    this.#emit = emit;
    this.#begun = new BegunChoices(emit);
  }

  read(chunk: JsonObject, name: string): void {
    if (chunk.error || name === 'error' || chunk.object === 'error') {
      const { error, message } = chunk;
      const { message: said, code, type } = objectOf(error);
      const text = textOf(said) || textOf(error) || textOf(message);
      this.#emit(failedPart(text, code ?? chunk.code, type ?? chunk.type));
      return;
    }
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#emit({ type: 'start', id: textOf(chunk.id), model: textOf(chunk.model) });
    }
    for (const said of objectsOf(chunk.choices)) {
      const choice = choiceOf(said.index);
      this.#begun.saw(choice);
      const delta = objectOf(said.delta);
      readContent(delta, choice, this.#emit);
      for (const call of functionCallsIn(delta)) this.#readCall(call, choice);
      for (const words of customCallsIn(delta)) this.#readCustom(words, choice);
      readChoice(said, choice, this.#counts.has(choice ?? 0), this.#emit);
    }
    const tier = textOf(chunk.service_tier);
    if (tier !== '' && tier !== this.#serviceTier) this.#emit({ type: 'service-tier', tier });
    if (tier !== '') this.#serviceTier = tier;
    const usage = usageIn(chunk);
    if (usage) this.#emit({ type: 'usage', usage });
  }

  /** A call begins where its number is new. Some leave the number away: then where another id comes. */
  #readCall(said: FunctionCall, choice: number | undefined): void {
    const { id, name, arguments: text, isFormer } = said;
    const key = `${choice ?? 0} ${said.index ?? 0}`;
    let open = this.#calls.get(key);
    if (!open || (id !== '' && id !== open.id)) {
      const call = this.#counts.get(choice ?? 0) ?? 0;
      this.#counts.set(choice ?? 0, call + 1);
      open = { call, id, isTold: false };
      this.#calls.set(key, open);
    }
    if (!open.isTold && (name !== '' || text !== '')) {
      open.isTold = true;
      this.#emit({ type: 'tool-call-start', call: open.call, id: open.id, name, isFormer, choice });
    }
    if (text !== '') this.#emit({ type: 'tool-call-arguments', call: open.call, text, choice });
  }

  #readCustom(words: string, choice: number | undefined): void {
    this.#counts.set(choice ?? 0, this.#counts.get(choice ?? 0) ?? 0);
    if (words !== '') this.#emit({ type: 'item', words });
  }
}
