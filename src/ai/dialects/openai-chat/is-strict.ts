import type { JsonObject } from '../../../contracts/model-request.ts';
import { objectOf } from '../../../lib/json.ts';
import { isOfObjects, schemasIn } from '../json-schema.ts';

/** Keywords that OpenAI refuses in what it promises to keep to. */
const REFUSED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'unevaluatedProperties',
  'prefixItems',
];

/**
 * Whether OpenAI promises to keep to a schema (https://platform.openai.com/docs/guides/structured-outputs): objects say all that they
 * have, and it is all required. Anthropic promises more.
 */
export const isStrict = (schema: JsonObject): boolean => schema.type === 'object' && isClosed(schema);

function isClosed(schema: JsonObject): boolean {
  if (REFUSED.some((keyword) => schema[keyword] !== undefined)) return false;
  if (isOfObjects(schema)) {
    const required = new Set<unknown>(Array.isArray(schema.required) ? schema.required : []);
    const isAll = Object.keys(objectOf(schema.properties)).every((name) => required.has(name));
    if (!isAll || schema.additionalProperties !== false) return false;
  }
  return schemasIn(schema).every(isClosed);
}
