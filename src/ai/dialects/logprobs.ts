import type { JsonObject } from '../../contracts/model-request.ts';
import type { TokenLogprob } from '../../contracts/stream-part.ts';
import { objectsOf } from '../../lib/json.ts';

const isLogprob = (value: JsonObject): value is JsonObject & TokenLogprob =>
  typeof value.token === 'string' && typeof value.logprob === 'number';

/** The tokens of a list in OpenAI's form, with how likely they were. */
export const tokensIn = (list: unknown): TokenLogprob[] => objectsOf(list).filter(isLogprob);
