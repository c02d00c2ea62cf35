import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject, objectOf, objectsOf } from '../../lib/json.ts';

/** The schemas in a schema, one level down; what values are compared with, and keywords that nobody promises to keep to, are none. */
export const schemasIn = (schema: JsonObject): JsonObject[] =>
  [
    ...['properties', '$defs', 'definitions'].flatMap((key) => Object.values(objectOf(schema[key]))),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((key) => objectsOf(schema[key])),
    schema.items,
  ].filter(isObject);

/** Whether a schema is of objects, also of those among others. */
export const isOfObjects = ({ type, properties }: JsonObject): boolean =>
  type === undefined
    ? isObject(properties)
    : type === 'object' || (Array.isArray(type) && type.includes('object'));
