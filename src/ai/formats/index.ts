import type { ErrorShape } from '../../contracts/exchange.ts';
import type { AnyFormat, Format } from '../../contracts/format.ts';
import { OPERATIONS } from '../operations/index.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiResponses } from './openai-responses/index.ts';

/** The formats in which applications may talk with a model. */
export const CHAT_FORMATS: readonly Format[] = [openaiChat, openaiResponses, anthropicMessages];

/** All formats, each at its own path; those of which another's path is the beginning come first. */
export const FORMATS: readonly AnyFormat[] = [...OPERATIONS, ...CHAT_FORMATS, openaiEmbeddings];

const BY_PATH: ReadonlyMap<string, AnyFormat> = new Map(FORMATS.map((format) => [format.path, format]));

/** What is done to a model, as Google's paths end: Gemini's and Vertex's. Mistral's on Vertex (`:rawPredict`) speak as OpenAI's do. */
const GOOGLES =
  /:(?:(?:stream|batch)?[Gg]enerateContent|(?:count|compute)Tokens|(?:batchE|asyncBatchE|e)mbedContents?|predict(?:LongRunning)?)$/;
const CLAUDE_ON_VERTEX = /\/publishers\/anthropic\/.*:(?:streamR|r)awPredict$/;

/** The shape of errors at a path below the AI prefix: that of the format whose path it is or lies below. */
export function errorShapeOf(path: string): ErrorShape {
  const exact = BY_PATH.get(path);
  if (exact) return exact.shape;
  // In a provider's own words, its own errors too.
  const isPassed = path.startsWith('/providers/');
  if (isPassed && GOOGLES.test(path)) return 'google';
  if (isPassed && CLAUDE_ON_VERTEX.test(path)) return 'anthropic';
  const format = FORMATS.find((each) =>
    isPassed ? path.endsWith(each.path) : path.startsWith(`${each.path}/`),
  );
  return format?.shape ?? 'openai';
}
