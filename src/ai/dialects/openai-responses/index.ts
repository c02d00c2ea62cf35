import type { Maker } from '../../../contracts/model-request.ts';
import type { Dialect } from '../../../contracts/provider.ts';
import { markSeals } from '../../seal.ts';
import { ownItemsOnly } from '../own-only.ts';
import { readAnswer } from './read-answer.ts';
import { ResponseEventReader } from './read-stream.ts';

/**
 * OpenAI's responses, for clients that speak them too: nothing is translated to them.
 * @param maker whose seals they bring and take
 */
export const openaiResponses = (maker: Maker): Dialect => ({
  path: () => '/responses',
  readAnswer: (answer) => readAnswer(answer, maker),
  ownOnly: ownItemsOnly(maker),
  ...(maker !== 'openai' && { mark: (bytes) => markSeals(bytes, maker) }),
  openStream: (emit) => new ResponseEventReader(emit, maker),
});
