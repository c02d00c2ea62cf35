import type { EmbeddingsRequest, Vector } from '../../../contracts/embeddings.ts';
import type { AnswerName } from '../../../contracts/format.ts';
import type { ModelAnswer } from '../../../contracts/model-answer.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';

/** Vectors in the order of the inputs, in the form that the client asked for. */
export function writeAnswer(
  answer: ModelAnswer,
  name: AnswerName,
  { encoding }: EmbeddingsRequest,
): JsonObject {
  const tokens = answer.usage?.input ?? 0;
  return {
    object: 'list',
    data: answer.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'base64' ? toBase64(vector) : toNumbers(vector),
    })),
    model: answer.model || name.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

const FLOAT_BYTES = 4;

function toBase64(vector: Vector): string {
  if (typeof vector === 'string') return vector;
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * FLOAT_BYTES);
  return bytes.toString('base64');
}

function toNumbers(vector: Vector): readonly number[] {
  if (typeof vector !== 'string') return vector;
  const bytes = Buffer.from(vector, 'base64');
  return Array.from({ length: Math.floor(bytes.length / FLOAT_BYTES) }, (_, i) =>
    bytes.readFloatLE(i * FLOAT_BYTES),
  );
}
