import { isMap } from '../path.ts';
import { atPointer, type OpenApiDocument } from './read-document.ts';

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

/**
 * A schema of a document as one that stands by itself: what it refers to comes along under `$defs`, each once, so that
 * schemas that contain themselves survive.
 */
export function ownSchema(schema: unknown, document: OpenApiDocument): unknown {
  const names = new Map<string, string>();
  const definitions: Record<string, unknown> = {};
  const copied = copy(schema);
  return names.size > 0 && isMap(copied) ? { ...copied, $defs: definitions } : copied;

  function copy(value: unknown): unknown {
    if (!isMap(value)) return value;
    const own: Record<string, unknown> = {};
    for (const [keyword, each] of Object.entries(value)) {
      if (keyword.startsWith('x-') || DROPPED.includes(keyword)) continue;
      if (keyword === '$ref') own.$ref = `#/$defs/${nameOf(String(each))}`;
      else if (BY_NAME.includes(keyword) && isMap(each))
        own[keyword] = Object.fromEntries(Object.entries(each).map(([name, part]) => [name, copy(part)]));
      else if (LISTS.includes(keyword) && Array.isArray(each)) own[keyword] = each.map(copy);
      else if (SINGLE.includes(keyword)) own[keyword] = copy(each);
      else if (keyword !== 'format' || FORMATS.test(String(each))) own[keyword] = each;
    }
    return own;
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
