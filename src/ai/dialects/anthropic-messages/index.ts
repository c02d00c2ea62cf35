import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { ANSWER_TOKENS } from '../anthropic-thinking.ts';
import { ownBlocksOnly } from '../own-only.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { MessageEventReader } from './read-stream.ts';

/** Anthropic's messages. A key for a cache (`cacheKey`) and metadata change no answer and have no place in it: they are left out. */
export const anthropicMessages: TranslatedDialect = {
  path: () => '/v1/messages',
  uncarried: ['frequencyPenalty', 'presencePenalty', 'logitBias', 'n', 'seed', 'logprobs', 'verbosity'],
  defaultOutput: ANSWER_TOKENS,
  convertRequest,
  readAnswer,
  ownOnly: ownBlocksOnly,
  openStream: (emit) => new MessageEventReader(emit),
};
