import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Emit, StreamReader } from '../../../contracts/provider.ts';
import { objectsOf } from '../../../lib/json.ts';
import { worstFinish } from '../../outcome.ts';
import { type EndingWords, ending } from '../ending.ts';
import { readUsage } from './read-usage.ts';

const ENDINGS: EndingWords = { reasons: {}, failures: new Set(['abort', 'error']) };

/**
 * Reads a transcript that streams in chunks as of a chat, and whatever else comes as events. vLLM cuts a longer sound into pieces, each of
 * which ends with a finish reason of its own (vllm-project/vllm#49116): all have ended where it is said that nothing follows the last.
 */
export class TranscriptChunkReader implements StreamReader {
  readonly #emit: Emit;
  readonly #events: StreamReader;
  /** The worst that a piece has ended with; '' = none has. */
  #worst = '';
  /** Nothing has come of a piece behind the end of the last. */
  #hasEnded = false;

  /** @param events reads what is no chunk */
  constructor(emit: Emit, events: StreamReader) {
    this.#emit = emit;
    this.#events = events;
  }

  read(event: JsonObject, name: string): void {
    if (!Array.isArray(event.choices)) {
      this.#events.read(event, name);
      return;
    }
    this.#emit({ type: 'item' });
    const usage = readUsage(event);
    if (usage) this.#emit({ type: 'usage', usage });
    // The one that says what it came to has none.
    for (const { finish_reason: reason } of objectsOf(event.choices)) this.#readEnd(reason);
  }

  end(): void {
    if (this.#hasEnded) this.#emit({ type: 'finish', reason: this.#worst });
  }

  #readEnd(reason: unknown): void {
    const ended = typeof reason === 'string' ? ending(reason, ENDINGS) : undefined;
    this.#hasEnded = ended?.type === 'finish';
    if (ended?.type === 'finish')
      this.#worst = worstFinish([this.#worst, ended.reason].filter((each) => each !== ''));
    else if (ended) this.#emit(ended);
  }
}
