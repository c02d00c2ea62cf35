import { Ajv, type AnySchemaObject, type ErrorObject } from 'ajv';
import type { DataValidationCxt } from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { parseDuration } from '../lib/duration.ts';
import { parsePercent } from '../lib/percent.ts';
import { parseSize } from '../lib/size.ts';
import type { Unit } from './schema/units.ts';

const PARSE: Readonly<Record<Unit, (text: string) => number | undefined>> = {
  duration: parseDuration,
  size: parseSize,
  percent: parsePercent,
};

/** Where a string waits to become a number once everything around it is known to be right. */
interface Conversion {
  parent: Record<string | number, unknown>;
  key: string | number;
  unit: Unit;
}

/** Fills defaults into `value` in place. Errors, or the units converted to numbers, also in place. */
export type Validator = (value: unknown) => readonly ErrorObject[];

/**
 * Compiles a schema. It must pass ajv's strict mode; the keyword `x-unit` may stand on strings.
 *
 * @throws Error if the schema itself is wrong
 */
export function compile(schema: TSchema): Validator {
  const ajv = new Ajv({
    strict: true,
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
  const validate = ajv.compile(schema);
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
