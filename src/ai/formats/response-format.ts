import type { ResponseFormat } from '../../contracts/model-request.ts';
import type { Fields } from './fields.ts';

/** The name of a form of answers where a format has no words for it. */
export const UNNAMED = 'answer';

/**
 * The form that an answer is to have, in OpenAI's words.
 * @param specOf where the name and the schema of `json_schema` stand; undefined: nowhere
 */
export function responseFormatIn(
  format: Fields | undefined,
  specOf: (format: Fields) => Fields | undefined,
): ResponseFormat | undefined {
  const read = format && formatOf(format, specOf);
  format?.leave();
  return read;
}

function formatOf(
  format: Fields,
  specOf: (format: Fields) => Fields | undefined,
): ResponseFormat | undefined {
  const type = format.text('type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return jsonObjectOf(format);
  const spec = type === 'json_schema' ? specOf(format) : undefined;
  if (!spec) {
    format.giveUp();
    return undefined;
  }
  const read: ResponseFormat = {
    type: 'json-schema',
    name: spec.needed('name'),
    description: spec.text('description'),
    schema: spec.json('schema') ?? {},
    strict: spec.flag('strict'),
  };
  if (spec !== format) spec.leave();
  return read;
}

/** JSON of any kind; where a schema stands beside the word, as many that speak OpenAI's API take it, JSON of that form. */
function jsonObjectOf(format: Fields): ResponseFormat {
  const schema = format.json('schema');
  return schema ? { type: 'json-schema', name: UNNAMED, schema } : { type: 'json' };
}
