import type { OperationName } from '../../../contracts/format.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { Dialect, Emit, StreamReader } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import type { Usage } from '../../../contracts/usage.ts';
import { isObject, textOf } from '../../../lib/json.ts';
import { addUsage } from '../../add-usage.ts';
import { failedPart } from '../failed-part.ts';
import { ownBlocksOnly } from '../own-only.ts';
import { readTier } from './read-tier.ts';
import { readTranscript, timesOf } from './read-transcript.ts';
import { TranscriptChunkReader } from './read-transcript-chunks.ts';
import { readUsage } from './read-usage.ts';
import { UnknownEventReader } from './unknown-events.ts';

/**
 * An operation as the providers that have it speak it.
 * @param results the field of an answer that holds what was asked for
 */
const operation = (path: string, results: string): Dialect => ({
  path: () => path,
  readAnswer: (answer) => readAnswer(answer, results),
  openStream: (emit) => new OperationEventReader(emit),
});

/** OpenAI's, and what services that are like it have taken from others: reranking, as Cohere and Jina write it. */
export const openaiOperations = {
  'openai-moderations': operation('/moderations', 'results'),
  'openai-images': operation('/images/generations', 'data'),
  'openai-speech': operation('/audio/speech', ''),
  'openai-transcriptions': {
    ...operation('/audio/transcriptions', 'text'),
    readAnswer: (answer) => withTimes(answer, readAnswer(answer, 'text')),
    readText: readTranscript,
    openStream: (emit) => new TranscriptChunkReader(emit, new OperationEventReader(emit)),
  },
  rerank: operation('/rerank', 'results'),
} satisfies Partial<Record<OperationName, Dialect>>;

export const anthropicOperations = {
  'anthropic-count-tokens': {
    ...operation('/v1/messages/count_tokens', 'input_tokens'),
    ownOnly: ownBlocksOnly,
  },
} satisfies Partial<Record<OperationName, Dialect>>;

export const cohereOperations = {
  rerank: operation('/v2/rerank', 'results'),
} satisfies Partial<Record<OperationName, Dialect>>;

/** One that nobody here knows: usage is read where everybody reports it. */
export const unknownOperation: Dialect = {
  path: () => '',
  readAnswer: (answer) => readAnswer(answer, undefined),
  openStream: (emit) => new UnknownEventReader(emit),
};

/** What is only looked at was billed when it was made, though it may say again what it came to. */
export const lookedAt: Dialect = {
  path: () => '',
  readAnswer: () => [{ type: 'item' }, { type: 'finish', reason: 'stop' }],
  openStream: (emit) =>
    new UnknownEventReader((part) => {
      // Its words were made then, too.
      if (part.type === 'item') emit({ type: 'item' });
      else if (part.type !== 'usage') emit(part);
    }),
};

/** Undefined for an error under a status that says otherwise. */
function readAnswer(answer: JsonObject, results: string | undefined): StreamPart[] | undefined {
  const said = results === undefined ? answer : answer[results];
  if (said === undefined) return undefined;
  const usage = readUsage(answer);
  const tier = readTier(answer);
  return [
    ...(isEmpty(said) ? [] : [{ type: 'item' } as const]),
    ...(tier !== '' ? [{ type: 'service-tier', tier } as const] : []),
    ...(usage ? [{ type: 'usage', usage } as const] : []),
    // It comes whole or not at all.
    { type: 'finish', reason: 'stop' },
  ];
}

/** Of a transcript that does not say how long it was. */
function withTimes(answer: JsonObject, parts: StreamPart[] | undefined): StreamPart[] | undefined {
  const isSaid = parts?.some((part) => part.type === 'usage' && part.usage.audioSeconds !== undefined);
  return !parts || isSaid ? parts : [...timesOf(answer), ...parts];
}

const isEmpty = (said: unknown): boolean => (Array.isArray(said) ? said.length === 0 : said === '');

/** OpenAI's streams of images and sound end with an event that says so, and what it came to: one for each picture. */
class OperationEventReader implements StreamReader {
  readonly #emit: Emit;
  #usage: Usage | undefined;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  read(event: JsonObject): void {
    const type = textOf(event.type);
    if (type === 'error' || isObject(event.error)) {
      const { message, code, type: kind } = isObject(event.error) ? event.error : event;
      this.#emit(failedPart(textOf(message), code, kind));
      return;
    }
    this.#emit({ type: 'item' });
    if (!type.endsWith('.done') && !type.endsWith('.completed')) return;
    const said = readUsage(event);
    if (said) {
      this.#usage = this.#usage ? addUsage(this.#usage, said) : said;
      this.#emit({ type: 'usage', usage: this.#usage });
    }
    this.#emit({ type: 'finish', reason: 'stop' });
  }
}
