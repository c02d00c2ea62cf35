import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { ending } from '../ending.ts';
import { failedPart } from '../failed-part.ts';
import { convertUsage } from './convert-usage.ts';
import { ENDINGS } from './endings.ts';
import { readBlock, readCitation, readPlan } from './read-content.ts';

/** Reads the events of a chat. */
export class ChatEventReader implements StreamReader {
  readonly #emit: Emit;
  /** Tool calls by Cohere's number. */
  readonly #calls = new Map<unknown, number>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  read(event: JsonObject, name: string): void {
    const delta = objectOf(event.delta);
    const said = objectOf(delta.message);
    switch (event.type ?? name) {
      case 'message-start':
        this.#emit({ type: 'start', id: textOf(event.id), model: '' });
        break;
      case 'content-start':
      case 'content-delta':
        readBlock(objectOf(said.content), this.#emit);
        break;
      case 'tool-plan-delta':
        readPlan(said.tool_plan, this.#emit);
        break;
      case 'tool-call-start':
      case 'tool-call-delta':
        this.#readCall(objectOf(said.tool_calls), event.index);
        break;
      case 'citation-start':
        readCitation(objectOf(said.citations), this.#emit);
        break;
      case 'message-end':
        this.#readEnd(delta);
        break;
      default:
        // An error comes as its message alone.
        if (event.type === undefined && textOf(event.message) !== '')
          this.#emit(failedPart(textOf(event.message)));
    }
  }

  #readCall(said: JsonObject, index: unknown): void {
    const { name, arguments: text } = objectOf(said.function);
    let call = this.#calls.get(index);
    if (call === undefined) {
      call = this.#calls.size;
      this.#calls.set(index, call);
      this.#emit({ type: 'tool-call-start', call, id: textOf(said.id), name: textOf(name) });
    }
    if (textOf(text) !== '') this.#emit({ type: 'tool-call-arguments', call, text: textOf(text) });
  }

  #readEnd({ finish_reason: reason, usage: reported, error }: JsonObject): void {
    if (textOf(error) !== '') this.#emit(failedPart(textOf(error)));
    else if (textOf(reason) !== '') this.#emit(ending(textOf(reason), ENDINGS));
    const usage = convertUsage(objectOf(reported));
    if (usage) this.#emit({ type: 'usage', usage });
    this.#emit({ type: 'end' });
  }
}
