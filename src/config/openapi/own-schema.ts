import { isMap } from '../path.ts';
import { atPointer, type OpenApiDocument, resolved } from './read-document.ts';

/** Where a schema holds other schemas, by keyword. */
const BY_NAME = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const SINGLE = [
  'items',
  'additionalProperties',
  'contains',
  'else',
  'if',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
/** They say nothing about whether a value is valid, and some are no JSON Schema. */
const DROPPED = ['discriminator', 'example', 'examples', 'externalDocs', 'xml', '$schema', '$id', 'id'];
/** Formats that `ajv-formats` knows; others are for people. */
const FORMATS =
  /^(date|time|date-time|iso-time|iso-date-time|duration|uri|uri-reference|uri-template|url|email|hostname|ipv4|ipv6|regex|uuid|json-pointer|relative-json-pointer|byte|int32|int64|float|double|password|binary)$/;

/** Which way a body goes, and the keyword of properties that do not go that way. */
const NOT_SENT = { request: 'readOnly', response: 'writeOnly' } as const;
export type BodyOf = keyof typeof NOT_SENT;

/**
 * A schema of a document as one that stands by itself: what it refers to comes along under `$defs`, each once, so that
 * schemas that contain themselves survive.
 *
 * @param of what has such a body: that a `readOnly` property is required binds answers only, and a `writeOnly` one
 *   requests only (OpenAPI 3.0.4 section 4.7.24.2)
 */
export function ownSchema(schema: unknown, document: OpenApiDocument, of: BodyOf): unknown {
  const names = new Map<string, string>();
  const definitions: Record<string, unknown> = {};
  const copied = copy(schema);
  return names.size > 0 && isMap(copied) ? { ...copied, $defs: definitions } : copied;

  /** @param beside names that are not sent, by the schemas that this one is a part of (`allOf`) */
  function copy(value: unknown, beside: readonly string[] = []): unknown {
    if (!isMap(value)) return value;
    const unsent = [...beside, ...unsentBy(value)];
    const own: Record<string, unknown> = {};
    for (const [keyword, each] of Object.entries(value)) {
      if (keyword.startsWith('x-') || DROPPED.includes(keyword)) continue;
      if (keyword === '$ref') own.$ref = `#/$defs/${nameOf(String(each))}`;
      else if (BY_NAME.includes(keyword) && isMap(each))
        own[keyword] = Object.fromEntries(Object.entries(each).map(([name, part]) => [name, copy(part)]));
      else if (LISTS.includes(keyword) && Array.isArray(each))
        own[keyword] = each.map((part) => copy(part, keyword === 'prefixItems' ? [] : unsent));
      else if (keyword === 'required' && Array.isArray(each))
        own.required = each.filter((name) => !unsent.includes(name));
      else if (SINGLE.includes(keyword)) own[keyword] = copy(each);
      else if (keyword === 'nullable' && value.type === undefined) continue;
      else if (keyword !== 'format' || FORMATS.test(String(each))) own[keyword] = each;
    }
    // Beside `allOf` or `$ref` it says nothing by OpenAPI 3.0, and whoever writes it means this.
    const isNullable = value.nullable === true && value.type === undefined && Object.keys(own).length > 0;
    return isNullable ? { anyOf: [own, { type: 'null' }] } : own;
  }

  /** Names of a schema's properties that a body of this kind does not have, with those of all that it is composed of. */
  function unsentBy(value: unknown, seen = new Set<unknown>()): string[] {
    const schema = resolved(value, document);
    if (!isMap(schema) || seen.has(schema)) return [];
    seen.add(schema);
    const { properties, allOf } = schema;
    const names = Object.entries(isMap(properties) ? properties : {}).flatMap(([name, part]) =>
      [part, resolved(part, document)].some((each) => isMap(each) && each[NOT_SENT[of]] === true)
        ? [name]
        : [],
    );
    return [...names, ...(Array.isArray(allOf) ? allOf.flatMap((part) => unsentBy(part, seen)) : [])];
  }

  function nameOf(ref: string): string {
    const known = names.get(ref);
    if (known !== undefined) return known;
    const last = (ref.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_.-]/g, '_') || 'schema';
    let name = last;
    for (let i = 2; Object.hasOwn(definitions, name); i++) name = `${last}-${i}`;
    names.set(ref, name);
    // Taken before it is filled: what it refers to may be itself.
    definitions[name] = true;
    definitions[name] = copy(atPointer(ref, document));
    return name;
  }
}
