import type { TSchema } from 'typebox';
import { child, isMap } from './path.ts';
import { gatewaySchema } from './schema/index.ts';
import type { PolicySchema } from './schema/policy-schema.ts';

const INTERPOLATED = '\\$\\{';

/**
 * JSON Schema (draft-07, which yaml-language-server reads) of the configuration as people write it: keys with a
 * default may be left out, and a `${…}` may stand wherever a scalar may.
 */
export function configJsonSchema(policies: Readonly<Record<string, PolicySchema>>): Record<string, unknown> {
  const all = Object.entries(policies).sort(([a], [b]) => (a < b ? -1 : 1));
  const schema = gatewaySchema(
    Object.fromEntries(all.map(([name, policy]): [string, TSchema] => [name, policy.schema])),
  );
  // TypeBox keeps its own marks in properties that JSON doesn't show.
  const plain: unknown = JSON.parse(JSON.stringify(schema));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...(asWritten(plain) as Record<string, unknown>),
  };
}

/** Where a schema holds other schemas, by keyword. */
const BY_NAME = ['properties', 'patternProperties'];
const LISTS = ['anyOf', 'oneOf', 'allOf'];
const SINGLE = ['items', 'additionalProperties'];

function asWritten(schema: unknown): unknown {
  if (!isMap(schema)) return schema;
  const written: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'required') {
      const required = requiredKeys(schema);
      if (required.length > 0) written.required = required;
    } else if (BY_NAME.includes(keyword) && isMap(value)) {
      written[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, asWritten(each)]),
      );
    } else if (LISTS.includes(keyword) && Array.isArray(value)) written[keyword] = value.map(asWritten);
    else if (SINGLE.includes(keyword)) written[keyword] = asWritten(value);
    else written[keyword] = value;
  }
  return withInterpolation(written);
}

const requiredKeys = (schema: Record<string, unknown>): unknown[] =>
  [schema.required]
    .flat()
    .filter((key) => child(child(schema.properties, String(key)), 'default') === undefined);

/** Text with a narrower form, and whatever is no text, may also be a `${…}`. Free text may anyway. */
function withInterpolation(schema: Record<string, unknown>): Record<string, unknown> {
  const { type, pattern, enum: values, const: constant, anyOf, format, ...rest } = schema;
  if (typeof pattern === 'string') return { ...schema, pattern: `(${pattern})|${INTERPOLATED}` };
  if (type === 'integer' || type === 'number' || type === 'boolean') {
    return { ...schema, type: [type, 'string'], pattern: INTERPOLATED };
  }
  const alternative = { type: 'string', pattern: INTERPOLATED };
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf, alternative] };
  if (values !== undefined) return { ...rest, anyOf: [{ type, enum: values }, alternative] };
  if (format !== undefined) return { ...rest, anyOf: [{ type, format }, alternative] };
  return schema;
}
