import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ChunkReader } from './read-stream.ts';

/**
 * Google's `generateContent`. Marks and keys for a cache, who the user is and the client's metadata change no answer and have no
 * place in it: they are left out.
 */
export const gemini: TranslatedDialect = {
  path: ({ model, stream }) =>
    `/models/${encodeURIComponent(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  uncarried: ['logitBias', 'verbosity'],
  convertRequest,
  readAnswer,
  openStream: (emit) => new ChunkReader(emit),
};
