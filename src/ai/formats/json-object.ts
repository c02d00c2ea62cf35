import type { ResponseFormat } from '../../contracts/model-request.ts';
import type { Fields } from './fields.ts';

/** The name of a form of answers where a format has no words for it. */
export const UNNAMED = 'answer';

/** JSON of any kind; where a schema stands beside the word, as many that speak OpenAI's API take it, JSON of that form. */
export function jsonObjectOf(format: Fields): ResponseFormat {
  const schema = format.json('schema');
  return schema ? { type: 'json-schema', name: UNNAMED, schema } : { type: 'json' };
}
