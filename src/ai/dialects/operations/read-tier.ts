import type { JsonObject } from '../../../contracts/model-request.ts';
import { objectOf, textOf } from '../../../lib/json.ts';
import { tierOf as ofAnthropic } from '../anthropic-usage.ts';
import { tierOf as ofGoogle } from '../gemini-usage.ts';

/** The service tier at which an answer says, in whichever words, that it was served; '' if it doesn't. */
export const readTier = (answer: JsonObject): string =>
  textOf(answer.service_tier) ||
  ofGoogle(objectOf(answer.usageMetadata)) ||
  ofAnthropic(objectOf(answer.usage));
