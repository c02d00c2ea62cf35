import type { EmbeddingsRequest } from '../contracts/embeddings.ts';
import type { BegunAnswer, ChatCall } from './chat-call.ts';
import { openaiEmbeddings } from './formats/openai-embeddings/index.ts';
import { gatherAnswer } from './gather-answer.ts';
import { answerName, bodyOf } from './prepared-call.ts';

/**
 * An answer with its vectors in the form that was asked for: servers of one's own pass over `encoding_format`, and OpenAI's
 * SDK, which asks for base64, makes other numbers of a list. One that has them in it goes on as it came, and so does any
 * where nothing was asked for: other vendors have a field of their own for it.
 */
export function inAskedEncoding(call: ChatCall, answer: BegunAnswer): BegunAnswer {
  if (answer.kind !== 'whole' || !answer.isOriginal) return answer;
  const { encoding_format: encoding } = bodyOf(call);
  if (encoding !== 'float' && encoding !== 'base64') return answer;
  const asked = encoding === 'float' ? 'object' : 'string';
  const { parts } = answer;
  if (parts.every((part) => part.type !== 'embedding' || typeof part.vector === asked)) return answer;
  const written = openaiEmbeddings.writeAnswer(gatherAnswer(parts), answerName(call), {
    ...NOTHING_ELSE,
    encoding,
  });
  return { ...answer, body: Buffer.from(JSON.stringify(written)), isOriginal: false };
}

const NOTHING_ELSE: Omit<EmbeddingsRequest, 'encoding'> = { inputs: [], uncarried: [] };
