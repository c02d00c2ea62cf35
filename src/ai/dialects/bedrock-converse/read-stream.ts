import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { convertUsage } from '../bedrock-usage.ts';
import { ending } from '../ending.ts';
import { failedPart } from '../failed-part.ts';
import { ENDINGS } from './endings.ts';
import { readBlock, readCitation } from './read-block.ts';

/** Reads the events of ConverseStream. */
export class ConverseEventReader implements StreamReader {
  readonly #emit: Emit;
  /** Tool calls by the number of their block. */
  readonly #calls = new Map<unknown, number>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  read(event: JsonObject, name: string): void {
    switch (name) {
      case 'messageStart':
        this.#emit({ type: 'start', id: '', model: '' });
        break;
      case 'contentBlockStart':
        this.#readStart(objectOf(objectOf(event.start).toolUse), event.contentBlockIndex);
        break;
      case 'contentBlockDelta':
        this.#readDelta(objectOf(event.delta), event.contentBlockIndex);
        break;
      case 'messageStop':
        this.#emit(ending(textOf(event.stopReason), ENDINGS));
        break;
      case 'metadata':
        this.#readMetadata(event);
        break;
      default:
        // `throttlingException`, `modelStreamErrorException`, …
        if (name.endsWith('Exception')) this.#emit(failedPart(textOf(event.message), name));
    }
  }

  #readStart(tool: JsonObject, index: unknown): void {
    if (tool.toolUseId === undefined) return;
    const call = this.#calls.size;
    this.#calls.set(index, call);
    this.#emit({ type: 'tool-call-start', call, id: textOf(tool.toolUseId), name: textOf(tool.name) });
  }

  #readDelta(delta: JsonObject, index: unknown): void {
    readBlock(delta, this.#emit);
    if (delta.citation !== undefined) readCitation(objectOf(delta.citation), this.#emit);
    const call = this.#calls.get(index);
    const text = textOf(objectOf(delta.toolUse).input);
    if (call !== undefined && text !== '') this.#emit({ type: 'tool-call-arguments', call, text });
  }

  #readMetadata(event: JsonObject): void {
    const tier = textOf(objectOf(event.serviceTier).type);
    if (tier !== '') this.#emit({ type: 'service-tier', tier });
    const usage = convertUsage(objectOf(event.usage));
    if (usage) this.#emit({ type: 'usage', usage });
    // The last event: what comes after it is the end of the connection.
    this.#emit({ type: 'end' });
  }
}
