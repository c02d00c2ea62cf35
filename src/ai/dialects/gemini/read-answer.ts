import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { ChunkReader } from './read-stream.ts';

/** The parts of an answer; undefined for an error under a status that says otherwise. */
export function readAnswer(answer: JsonObject): StreamPart[] | undefined {
  if (!Array.isArray(answer.candidates) && answer.promptFeedback === undefined) return undefined;
  const parts: StreamPart[] = [];
  new ChunkReader((part) => void parts.push(part)).read(answer);
  return parts;
}
