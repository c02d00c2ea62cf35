import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ChatEventReader } from './read-stream.ts';

/**
 * Cohere's chat, version 2. Marks and keys for a cache, who the user is and the client's metadata change no answer and have no
 * place in it: they are left out.
 */
export const cohereChat: TranslatedDialect = {
  path: () => '/v2/chat',
  uncarried: ['logitBias', 'n', 'verbosity', 'serviceTier', 'logprobs'],
  convertRequest,
  readAnswer,
  openStream: (emit) => new ChatEventReader(emit),
};
