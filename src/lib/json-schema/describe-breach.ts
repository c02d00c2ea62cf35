import type { ErrorObject } from 'ajv';

/** Characters. */
const LONGEST = 200;
const INDEX = /^\d+$/;

/**
 * Where and how a value breaks a schema, in words of the schema only: `/items/0/price must be number`. A key that the
 * schema does not name may be data itself (an e-mail address, a card number) and is shown as `*`.
 */
export function describeBreach(error: ErrorObject, names: ReadonlySet<string>): string {
  const steps = error.instancePath.split('/').slice(1);
  const path = steps.map((step) => (INDEX.test(step) || names.has(unescaped(step)) ? step : '*')).join('/');
  return `/${path} ${error.message ?? 'is not valid'}`.slice(0, LONGEST);
}

const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

/** Every name of a property that a schema has, wherever in it. */
export function namesIn(schema: unknown, names = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(schema)) for (const each of schema) namesIn(each, names);
  else if (typeof schema === 'object' && schema !== null) {
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === 'properties' && typeof value === 'object' && value !== null)
        for (const name of Object.keys(value)) names.add(name);
      namesIn(value, names);
    }
  }
  return names;
}
