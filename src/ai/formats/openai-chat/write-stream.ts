import type { AnswerName, StreamWriter } from '../../../contracts/format.ts';
import type { JsonObject, ModelRequest } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { extraContent } from '../../reasoning-detail.ts';
import { annotation, detailsOf, writeImage } from './write-answer.ts';
import { writeFinishReason } from './write-finish-reason.ts';
import { writeUsage } from './write-usage.ts';

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

/** Characters of lists that wait for the end: a few pictures. What is more goes on as it comes. */
const MOST_KEPT = 16 * 1024 * 1024;

/** What a message holds in lists beside its text. */
type Lists = Record<'reasoning_details' | 'annotations' | 'images', JsonObject[]>;

/**
 * Writes an answer as the chunks of a chat completion, each part as it comes. Lists that OpenAI's own streams don't have come
 * whole, before the choice ends: its SDKs put what comes later in the place of what came before (JavaScript), or refuse it (Python).
 */
export class ChunkWriter implements StreamWriter {
  readonly #wantsUsage: boolean;
  #head: { id: string; object: string; created: number; model: string };
  #serviceTier = '';
  #usage: Usage | undefined;
  /** Choices whose role has been said. */
  readonly #begun = new Set<number>();
  /** What is being thought, by choice: its signature comes with the whole of it. */
  readonly #thought = new Map<number, string>();
  /** The latest, by choice: it may be of the call that follows. */
  readonly #seals = new Map<number, Extract<StreamPart, { type: 'reasoning-opaque' }>>();
  readonly #lists = new Map<number, Lists>();
  /** Choices that call a function in the API's former words. */
  readonly #former = new Set<number>();
  /** Characters of all lists. */
  #kept = 0;

  constructor(request: ModelRequest, name: AnswerName) {
    this.#wantsUsage = request.includeUsage;
    const id = `chatcmpl-${name.id}`;
    this.#head = { id, object: 'chat.completion.chunk', created: name.created, model: name.model };
  }

  write(part: StreamPart): string {
    switch (part.type) {
      case 'start':
        this.#head = { ...this.#head, id: part.id || this.#head.id, model: part.model || this.#head.model };
        return this.#begin(0);
      case 'choice-start':
        return this.#begin(part.choice ?? 0);
      case 'usage':
        this.#usage = part.usage;
        return '';
      case 'service-tier':
        this.#serviceTier = part.tier;
        return '';
      case 'embedding':
      case 'item':
      case 'item-start':
      case 'error':
      case 'end':
        return '';
    }
    const choice = part.choice ?? 0;
    const { delta, ...rest } = this.#choiceOf(part, choice);
    if (!delta) return this.#kept > MOST_KEPT ? this.#begin(choice) + this.#listsOf(choice) : '';
    const lists = part.type === 'finish' ? this.#listsOf(choice) : '';
    return this.#begin(choice) + lists + this.#chunk({ index: choice, delta, finish_reason: null, ...rest });
  }

  end(): string {
    const lists = [...this.#lists.keys()]
      .map((choice) => this.#begin(choice) + this.#listsOf(choice))
      .join('');
    const usage =
      this.#wantsUsage && this.#usage
        ? event({ ...this.#frame(), choices: [], usage: writeUsage(this.#usage) })
        : '';
    return `${lists}${usage}data: [DONE]\n\n`;
  }

  #keep(choice: number, list: keyof Lists, entries: JsonObject[]): void {
    const lists = this.#lists.get(choice) ?? { reasoning_details: [], annotations: [], images: [] };
    lists[list].push(...entries);
    this.#lists.set(choice, lists);
    for (const entry of entries) this.#kept += JSON.stringify(entry).length;
  }

  #listsOf(choice: number): string {
    const filled = Object.entries(this.#lists.get(choice) ?? {}).filter(([, entries]) => entries.length > 0);
    this.#lists.delete(choice);
    if (this.#lists.size === 0) this.#kept = 0;
    if (filled.length === 0) return '';
    return this.#chunk({ index: choice, delta: Object.fromEntries(filled), finish_reason: null });
  }

  #choiceOf(part: OfChoice, choice: number): { delta?: JsonObject; [key: string]: unknown } {
    switch (part.type) {
      case 'text':
        return { delta: { content: part.text } };
      case 'refusal':
        return { delta: { refusal: part.text } };
      case 'reasoning':
        this.#thought.set(choice, (this.#thought.get(choice) ?? '') + part.text);
        return { delta: { reasoning_content: part.text } };
      case 'reasoning-signature': {
        const { signature, maker } = part;
        const text = this.#thought.get(choice) ?? '';
        this.#thought.delete(choice);
        this.#keep(choice, 'reasoning_details', detailsOf({ type: 'reasoning', text, signature, maker }));
        return {};
      }
      case 'reasoning-opaque':
        this.#keep(choice, 'reasoning_details', detailsOf(part));
        this.#seals.set(choice, part);
        return {};
      case 'tool-call-start': {
        const { call: index, id, name } = part;
        if (part.isFormer) {
          this.#former.add(choice);
          return { delta: { function_call: { name, arguments: '' } } };
        }
        const extra = extraContent(this.#seals.get(choice));
        this.#seals.delete(choice);
        const call = { index, id, type: 'function', function: { name, arguments: '' }, ...extra };
        return { delta: { tool_calls: [call] } };
      }
      case 'tool-call-arguments':
        if (this.#former.has(choice)) return { delta: { function_call: { arguments: part.text } } };
        return { delta: { tool_calls: [{ index: part.call, function: { arguments: part.text } }] } };
      case 'image':
        this.#keep(choice, 'images', [writeImage(part)]);
        return {};
      case 'citation':
        this.#keep(choice, 'annotations', annotation(part.citation));
        return {};
      case 'logprobs':
        return {
          delta: {},
          logprobs: {
            content: part.isRefusal ? null : part.tokens,
            refusal: part.isRefusal ? part.tokens : null,
          },
        };
      case 'finish':
        return { delta: {}, finish_reason: writeFinishReason(part.reason, this.#former.has(choice)) };
    }
  }

  #begin(choice: number): string {
    if (this.#begun.has(choice)) return '';
    this.#begun.add(choice);
    return this.#chunk({ index: choice, delta: { role: 'assistant', content: '' }, finish_reason: null });
  }

  #frame(): JsonObject {
    return this.#serviceTier === '' ? this.#head : { ...this.#head, service_tier: this.#serviceTier };
  }

  #chunk(choice: JsonObject): string {
    return event({ ...this.#frame(), choices: [choice], ...(this.#wantsUsage && { usage: null }) });
  }
}

type OfChoice = Exclude<
  StreamPart,
  {
    type:
      | 'start'
      | 'choice-start'
      | 'usage'
      | 'service-tier'
      | 'embedding'
      | 'item'
      | 'item-start'
      | 'error'
      | 'end';
  }
>;
