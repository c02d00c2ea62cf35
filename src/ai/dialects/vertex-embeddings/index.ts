import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import type { EmbeddingsDialect, ModelCall } from '../../../contracts/provider.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectOf, objectsOf } from '../../../lib/json.ts';
import { NotCarried } from '../../not-carried.ts';
import { countOf } from '../count.ts';
import { convertUsage } from '../gemini-usage.ts';

/** Newer models have a method of their own, as Google's SDK tells them apart: one content a call, and another answer. */
const hasOwnMethod = (model: string): boolean =>
  (model.includes('gemini') && model !== 'gemini-embedding-001') || model.includes('maas');

/**
 * Models of embeddings on Vertex AI: `predict`, which says of each text how many tokens it had, or `embedContent`. One that is not
 * Google's is named with its publisher (`intfloat/multilingual-e5-large-instruct-maas`).
 */
export const vertexEmbeddings: EmbeddingsDialect = {
  path: ({ model }) => {
    const [name = '', publisher = 'google'] = model.split('/').toReversed();
    const method = hasOwnMethod(model) ? 'embedContent' : 'predict';
    return `/publishers/${encodeURIComponent(publisher)}/models/${encodeURIComponent(name)}:${method}`;
  },
  uncarried: [],
  convertRequest: ({ inputs, dimensions }: EmbeddingsRequest, { model }: ModelCall): JsonObject => {
    const texts = inputs.map(textOnly);
    if (hasOwnMethod(model)) return contentOf(texts, dimensions);
    return {
      instances: texts.map((content) => ({ content })),
      ...(dimensions !== undefined && { parameters: { outputDimensionality: dimensions } }),
    };
  },
  readAnswer,
};

function textOnly(input: EmbeddingsRequest['inputs'][number]): string {
  if (typeof input !== 'string') throw new NotCarried({ at: 'input' });
  return input;
}

function contentOf(texts: readonly string[], dimensions: number | undefined): JsonObject {
  if (texts.length !== 1) throw new NotCarried({ at: 'input' });
  return {
    content: { role: 'user', parts: texts.map((text) => ({ text })) },
    ...(dimensions !== undefined && { embedContentConfig: { outputDimensionality: dimensions } }),
  };
}

function readAnswer({ predictions, embedding, usageMetadata }: JsonObject): StreamPart[] | undefined {
  const { values: only } = objectOf(embedding);
  if (!Array.isArray(predictions) && !Array.isArray(only)) return undefined;
  const parts: StreamPart[] = [{ type: 'start', id: '', model: '' }];
  if (Array.isArray(only)) parts.push({ type: 'embedding', index: 0, vector: only });
  let input = convertUsage(objectOf(usageMetadata))?.input ?? 0;
  for (const [index, { embeddings }] of objectsOf(predictions).entries()) {
    const { values, statistics } = objectOf(embeddings);
    if (Array.isArray(values)) parts.push({ type: 'embedding', index, vector: values });
    input += countOf(objectOf(statistics).token_count);
  }
  if (input > 0) parts.push({ type: 'usage', usage: { input, output: 0, cached: 0 } });
  parts.push({ type: 'finish', reason: 'stop' });
  return parts;
}
