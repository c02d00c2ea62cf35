import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ChunkReader } from './read-stream.ts';

/** OpenAI's chat completions, which many services speak. */
export const openaiChat: TranslatedDialect = {
  path: () => '/chat/completions',
  uncarried: ['topK'],
  convertRequest,
  readAnswer,
  openStream: (emit) => new ChunkReader(emit),
};
