import { Ajv, type ErrorObject, type Options, str } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';
import type { SchemaCheck } from '../../contracts/policy.ts';
import { allDiffer } from './all-differ.ts';
import { describeBreach, namesIn } from './describe-breach.ts';
import { isMultipleOf } from './multiple-of.ts';

/** RE2 in the place of the language's own expressions: linear in the text that a client sends. */
const linear = Object.assign(
  (source: string) => {
    const pattern = RE2JS.compile(RE2JS.translateRegExp(source));
    return { test: (text: string) => pattern.test(text), toString: () => source };
  },
  { code: 'linear' },
);

const OPTIONS: Options = {
  strict: true,
  // Schemas of other people's documents seldom name a type beside each keyword.
  strictTypes: false,
  strictRequired: false,
  strictTuples: false,
  // What is inherited (`constructor`) is no property of a value.
  ownProperties: true,
  logger: false,
  code: { regExp: linear as never },
};

/** What OpenAPI adds to JSON Schema; it says nothing about whether a value is valid. */
const OPENAPI_WORDS = ['discriminator', 'example', 'externalDocs', 'xml'];

type Drafted = Pick<Ajv, 'compile' | 'removeSchema'>;

function prepared(ajv: Ajv | Ajv2020): Drafted {
  addFormats.default(ajv as Ajv);
  ajv.addVocabulary(OPENAPI_WORDS);
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (wanted: boolean, items: unknown[]) => !wanted || allDiffer(items),
  });
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
    validate: (of: number, value: number) => isMultipleOf(value, of),
  });
  return ajv as Drafted;
}

const DRAFTS: ReadonlyMap<string, () => Drafted> = new Map([
  ['https://json-schema.org/draft/2020-12/schema', once(() => prepared(new Ajv2020(OPTIONS)))],
  ['http://json-schema.org/draft-07/schema', once(() => prepared(new Ajv(OPTIONS)))],
]);
const [NEWEST] = DRAFTS.keys() as Iterable<string> as [string];

/** Checks are remembered with the schema's own object: what is compiled to be checked is not compiled again to be used. */
const known = new WeakMap<object, SchemaCheck>();

/**
 * Compiles a JSON Schema: draft 2020-12, or draft-07 if its `$schema` says so. References stay inside of it.
 * @throws Error that says what is wrong with it
 */
export function compileSchema(schema: unknown): SchemaCheck {
  if (typeof schema === 'boolean') return (_value) => (schema ? undefined : '/ is not allowed');
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error('is no JSON Schema: write a map');
  const before = known.get(schema);
  if (before !== undefined) return before;
  const { $schema = NEWEST } = schema as { $schema?: unknown };
  const draft = DRAFTS.get(String($schema).replace(/#$/, ''));
  if (draft === undefined)
    throw new Error(`has the $schema "${String($schema)}": take draft 2020-12 or draft-07`);
  const ajv = draft();
  try {
    const validate = ajv.compile(schema);
    refuseEndless(validate);
    const names = namesIn(schema);
    const check: SchemaCheck = (value) =>
      validate(value)
        ? undefined
        : describeBreach((validate.errors as ErrorObject[])[0] as ErrorObject, names);
    known.set(schema, check);
    return check;
  } finally {
    // Another route may bring a schema with the same $id.
    ajv.removeSchema(schema);
  }
}

/** One of each type: a schema that comes back to itself without a step into the value does so with one of them at least. */
const SAMPLES = [{}, [], '', 0, true, null];

/** @throws Error if the schema refers to itself without end: each body would be a fault of the gateway's own */
function refuseEndless(validate: (value: unknown) => unknown): void {
  try {
    for (const value of SAMPLES) validate(value);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Error('refers to itself without end: a $ref leads back to where it stands', { cause });
  }
}

/** The compiler of a draft costs some 20 ms to make, its own schema included: made when it is first needed. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
