import { Ajv, type AnySchemaObject, type ErrorObject } from 'ajv';
import type {
  DataValidationCxt,
  FuncKeywordDefinition,
  SchemaValidateFunction,
} from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { parseWindowLength, type WindowLength } from '../lib/calendar-window.ts';
import { parseDuration } from '../lib/duration.ts';
import { parsePercent } from '../lib/percent.ts';
import { regexFault } from '../lib/regex.ts';
import { parseSize } from '../lib/size.ts';
import { templateFault } from '../lib/template.ts';
import { child } from './path.ts';
import type { Unit } from './schema/units.ts';
import { splitSchema } from './split-schema.ts';

const PARSE: Readonly<Record<Unit, (text: string) => WindowLength | undefined>> = {
  duration: parseDuration,
  size: parseSize,
  percent: parsePercent,
  window: parseWindowLength,
};

/** Where a string waits to become a number once everything around it is known to be right. */
interface Conversion {
  parent: Record<string | number, unknown>;
  key: string | number;
  unit: Unit;
}

/** What is wrong with a text under a keyword of ours; undefined if nothing. */
type FaultOf = (text: string, at: DataValidationCxt | undefined) => string | undefined;

/** Texts that mean something by themselves: they are tried where they stand, so that a fault has their place. */
const TEXTS: Readonly<Record<string, FaultOf>> = {
  'x-regex': regexFault,
  'x-template': (text, at) => templateFault(text, at && routePathOf(at)),
};

/** The `match.path` of the route that a value stands in. */
function routePathOf({ rootData, instancePath }: DataValidationCxt): string | undefined {
  const [, section, index] = instancePath.split('/');
  if (section !== 'routes') return undefined;
  const path = ['routes', Number(index), 'match', 'path'].reduce<unknown>(child, rootData);
  return typeof path === 'string' ? path : undefined;
}

/** Fills defaults into `value` in place. Errors, or the units converted to numbers, also in place. */
export type Validator = (value: unknown) => readonly ErrorObject[];

/**
 * Compiles a schema. It must pass ajv's strict mode; `x-unit`, `x-regex` and `x-template` may stand on strings.
 *
 * @throws Error if the schema itself is wrong
 */
export function compile(schema: TSchema): Validator {
  const ajv = new Ajv({
    strict: true,
    // Half of the time that compiling takes, and it runs a few times a day.
    code: { optimize: false },
    inlineRefs: false,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    useDefaults: true,
    ownProperties: true,
    discriminator: true,
    logger: false,
  });
  addFormats.default(ajv, { mode: 'full', formats: ['date-time', 'date', 'uri', 'email', 'ipv4', 'ipv6'] });
  let pending: Conversion[] = [];
  ajv.addKeyword({
    keyword: 'x-unit',
    type: 'string',
    schemaType: 'string',
    errors: false,
    // Converting at once would show a number to the schema's other branches: it is only noted.
    validate(unit: Unit, text: string, _schema?: AnySchemaObject, at?: DataValidationCxt): boolean {
      if (PARSE[unit](text) === undefined) return false;
      if (at !== undefined) pending.push({ parent: at.parentData, key: at.parentDataProperty, unit });
      return true;
    },
  });
  for (const [keyword, faultOf] of Object.entries(TEXTS)) ajv.addKeyword(textKeyword(keyword, faultOf));
  const validate = ajv.compile(splitSchema(schema));
  return (value) => {
    pending = [];
    if (!validate(value)) return validate.errors ?? [];
    for (const { parent, key, unit } of pending) {
      const text = parent[key];
      if (typeof text === 'string') parent[key] = PARSE[unit](text);
    }
    return [];
  };
}

function textKeyword(keyword: string, faultOf: FaultOf): FuncKeywordDefinition {
  const validate: SchemaValidateFunction = (_schema: true, value: unknown, _parent, at): boolean => {
    const message = firstFault(value, (text) => faultOf(text, at));
    validate.errors = message === undefined ? [] : [{ keyword, message, params: {} }];
    return message === undefined;
  };
  return { keyword, schemaType: 'boolean', errors: true, validate };
}

/** Of a text, or of the texts in a value of any kind. */
function firstFault(value: unknown, faultOf: (text: string) => string | undefined): string | undefined {
  if (typeof value === 'string') return faultOf(value);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const each of Object.values(value)) {
    const fault = firstFault(each, faultOf);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
