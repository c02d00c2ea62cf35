import type { TSchema } from 'typebox';

/** Characters, as JSON, from which on a part of a schema is checked by a function of its own. */
const LARGE = 1_500;

type Node = Record<string, unknown>;

/**
 * The same schema, with its large parts under `$defs`: ajv makes one function of all that is in one piece. Of the whole
 * configuration as one function V8's compiler takes 9 s and 700 MB of memory that it does not give back. What is used in
 * several places (policies stand in three sections) is compiled once: a third of the time that it takes.
 *
 * Alternatives stay in one piece: which branch an error belongs to is told by its path in the schema.
 */
export function splitSchema(schema: TSchema): TSchema {
  const defs: Record<string, unknown> = {};
  const names = new Map<string, string>();
  const isPlain = (value: unknown): value is Node =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

  function part(value: unknown): unknown {
    if (!isPlain(value)) return value;
    const split = inside(value);
    // It is given by whoever holds the part: in the part itself ajv would not see it.
    const { default: given, ...rest } = split;
    const text = JSON.stringify(rest);
    if (text.length < LARGE) return split;
    const name = names.get(text) ?? `part${names.size}`;
    names.set(text, name);
    defs[name] = rest;
    return { $ref: `#/$defs/${name}`, ...(given !== undefined && { default: given }) };
  }
  const each = (parts: unknown): unknown =>
    isPlain(parts)
      ? Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, part(value)]))
      : parts;

  function inside(node: Node): Node {
    const split: Node = { ...node };
    for (const key of ['properties', 'patternProperties']) if (key in node) split[key] = each(node[key]);
    for (const key of ['items', 'additionalProperties']) if (key in node) split[key] = part(node[key]);
    return split;
  }
  return { ...inside(schema as unknown as Node), $defs: defs } as unknown as TSchema;
}
