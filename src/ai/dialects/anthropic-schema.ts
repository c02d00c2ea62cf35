import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject, objectOf, objectsOf, textOf } from '../../lib/json.ts';
import { isOfObjects, schemasIn } from './json-schema.ts';

/** Formats of texts that models of Anthropic's can be held to. */
const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object';
const asItIs = (value: unknown): unknown => value;
const each = (list: unknown): unknown => objectsOf(list).map(closed);
const byName = (schemas: unknown): unknown =>
  Object.fromEntries(
    Object.entries(objectOf(schemas)).map(([name, schema]) => [
      name,
      isObject(schema) ? closed(schema) : schema,
    ]),
  );

/** What is taken, and what becomes of it; undefined: of these values none. */
const KEYWORDS: ReadonlyMap<string, (value: unknown) => unknown> = new Map([
  ['$ref', asItIs],
  ['$defs', byName],
  ['definitions', byName],
  ['type', asItIs],
  ['title', asItIs],
  ['description', asItIs],
  ['properties', byName],
  ['required', asItIs],
  ['items', (value) => (isObject(value) ? closed(value) : undefined)],
  ['minItems', (value) => (value === 0 || value === 1 ? value : undefined)],
  ['format', (value) => (FORMATS.has(value) ? value : undefined)],
  ['const', (value) => (isPlain(value) ? value : undefined)],
  ['enum', (value) => (Array.isArray(value) && value.every(isPlain) ? (value as unknown) : undefined)],
  ['anyOf', each],
  ['oneOf', each],
  ['allOf', each],
]);
const REFERS: ReadonlySet<string> = new Set(['$ref', '$defs', 'definitions']);
/** They hold nobody to anything. */
const UNSAID: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'additionalProperties']);

/**
 * A JSON Schema as Anthropic and Bedrock take it where a model is held to it: all objects are closed, and what it can't be held to (a least
 * length, a pattern) it is told in the description, as Anthropic's own SDKs do it.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 * @returns undefined if closed objects would say something else: of maps that they are empty, of two that are one that there is none
 */
export const closedSchema = (schema: JsonObject): JsonObject | undefined =>
  isOpen(schema) ? undefined : closed(schema);

const isNamed = (schemas: unknown): boolean => Object.keys(objectOf(schemas)).length > 0;

function isOpen(schema: JsonObject): boolean {
  const { properties, additionalProperties: others, patternProperties } = schema;
  const isMap = isObject(others) || isNamed(patternProperties) || (others === true && !isNamed(properties));
  return isMap || objectsOf(schema.allOf).length > 1 || schemasIn(schema).some(isOpen);
}

function closed(schema: JsonObject): JsonObject {
  const kept: [string, unknown][] = [];
  const told: string[] = [];
  const isReference = schema.$ref !== undefined;
  for (const [key, value] of Object.entries(schema)) {
    if (isReference && !REFERS.has(key)) continue;
    const carried = KEYWORDS.get(key)?.(value);
    if (carried !== undefined) kept.push([key === 'oneOf' ? 'anyOf' : key, carried]);
    else if (!UNSAID.has(key)) told.push(`${key}: ${JSON.stringify(value)}`);
  }
  const { description, ...rest }: JsonObject = Object.fromEntries(kept);
  const words = [textOf(description), told.length > 0 ? `{${told.join(', ')}}` : ''].filter(
    (text) => text !== '',
  );
  return {
    ...rest,
    ...(words.length > 0 && { description: words.join('\n\n') }),
    ...(!isReference &&
      isOfObjects(schema) && {
        type: schema.type ?? 'object',
        properties: rest.properties ?? {},
        additionalProperties: false,
      }),
  };
}
