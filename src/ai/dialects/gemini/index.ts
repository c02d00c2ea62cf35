import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ChunkReader } from './read-stream.ts';

/** Google's `generateContent`. Marks and keys for a cache are hints that change no answer: they are left out. */
export const gemini: TranslatedDialect = {
  path: ({ model, stream }) =>
    `/models/${encodeURIComponent(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  uncarried: ['logitBias', 'verbosity'],
  convertRequest,
  readAnswer,
  openStream: (emit) => new ChunkReader(emit),
};
