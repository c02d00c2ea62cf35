import type { Dialect } from '../../../contracts/provider.ts';
import { ownItemsOnly } from '../own-only.ts';
import { readAnswer } from './read-answer.ts';
import { ResponseEventReader } from './read-stream.ts';

/** OpenAI's responses, for clients that speak them too: nothing is translated to them. */
export const openaiResponses: Dialect = {
  path: () => '/responses',
  readAnswer,
  ownOnly: ownItemsOnly,
  openStream: (emit) => new ResponseEventReader(emit),
};
