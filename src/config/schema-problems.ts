import type { ErrorObject } from 'ajv';
import { nearest } from '../lib/nearest.ts';
import { foldAlternatives } from './alternatives.ts';
import { formatPath, isMap, type Path, pathOfPointer } from './path.ts';
import { unitMessage } from './unit-problems.ts';
import { or, patternWords, typeWords } from './wording.ts';

/** What is wrong at a path, before it is known where that path was written. */
export interface Finding {
  path: Path;
  /** Whether the place is that of the key or that of the value. */
  at: 'key' | 'value';
  message: string;
  suggestion?: string;
}

/** How a value may be shown in a message: `is "x"`, `is ${X}`, or '' where it is a secret. */
export type Shown = (path: Path, value: unknown) => string;

interface Located extends ErrorObject {
  path: Path;
}

/** More than this can't be read, and each costs a search for its place. */
const MAX_ERRORS = 500;

/** ajv's errors, one for each thing that a person would call wrong, in that person's words. */
export function schemaFindings(errors: readonly ErrorObject[], root: unknown, shown: Shown): Finding[] {
  const folded = foldAlternatives(errors.slice(0, 10 * MAX_ERRORS)).slice(0, MAX_ERRORS);
  const located = folded.map(
    (error): Located => ({ ...error, path: pathOfPointer(error.instancePath, root) }),
  );
  // Where the type is wrong, nothing else about the value matters.
  const mistyped = new Set(
    located.filter((error) => error.keyword === 'type').map((error) => error.instancePath),
  );
  const findings = located
    .filter((error) => error.keyword === 'type' || !mistyped.has(error.instancePath))
    .map((error) => finding(error, shown));
  return withoutEchoes(findings);
}

/** A misspelt key is also a missing key: said once. And a value that breaks two rules is shown with the first. */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  for (const { path, suggestion, at } of findings) {
    if (at === 'key' && suggestion !== undefined) seen.add(formatPath([...path.slice(0, -1), suggestion]));
  }
  return findings.filter(({ path }) => {
    const key = formatPath(path);
    return !seen.has(key) && seen.add(key);
  });
}

function finding(error: Located, shown: Shown): Finding {
  const { path, keyword, params, data } = error;
  const parentSchema: unknown = error.parentSchema;
  const is = shown(path, data);
  const at = 'value';
  if (isMap(parentSchema) && 'x-unit' in parentSchema) {
    return { path, at, ...unitMessage(String(parentSchema['x-unit']), data, is) };
  }
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknownKey(error, String(params.additionalProperty ?? params.unevaluatedProperty));
    case 'required':
      return { path: [...path, String(params.missingProperty)], at, message: 'is missing' };
    case 'type':
      return { path, at, message: typeMessage(error, is) };
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map(String);
      const meant = typeof data === 'string' ? nearest(data, allowed) : undefined;
      return { path, at, message: `must be ${or(allowed)}${is}`, suggestion: meant };
    }
    case 'const':
      return { path, at, message: `must be ${String(params.allowedValue)}${is}` };
    case 'pattern':
      return { path, at, message: `must be ${patternWords(String(params.pattern))}${is}` };
    case 'format':
      return { path, at, message: `must be ${formatWords(String(params.format))}${is}` };
    default:
      return { path, at, message: limitMessage(error, is) };
  }
}

function unknownKey({ path, parentSchema }: Located, name: string): Finding {
  const allowed = Object.keys(isMap(parentSchema?.properties) ? parentSchema.properties : {});
  const key: Finding = {
    path: [...path, name],
    at: 'key',
    message: 'unknown key',
    suggestion: nearest(name, allowed),
  };
  if (isPolicy(path)) return { ...key, message: `there is no policy "${name}"` };
  const patterns = Object.keys(isMap(parentSchema?.patternProperties) ? parentSchema.patternProperties : {});
  const [pattern] = patterns;
  if (allowed.length === 0 && pattern !== undefined)
    return { ...key, message: `the key must be ${patternWords(pattern)}` };
  return key;
}

/** An entry of a list of policies. */
const isPolicy = (path: Path): boolean =>
  typeof path.at(-1) === 'number' && (path.at(-2) === 'policies' || path.at(-2) === 'auth-any');

function typeMessage({ path, params, data, parentSchema }: Located, is: string): string {
  const wanted: string[] = [params.type].flat();
  if (isPolicy(path) && typeof data === 'string') {
    const names = Object.keys(isMap(parentSchema?.properties) ? parentSchema.properties : {});
    if (names.includes(data)) return `a policy is a map: write "- ${data}: {}"`;
  }
  const message = `must be ${typeWords(wanted)}${is}`;
  if (data === null) {
    const blank = wanted.includes('object')
      ? ', or write {}'
      : wanted.includes('array')
        ? ', or write []'
        : '';
    return `must be ${typeWords(wanted)}, is empty: remove the key${blank}`;
  }
  if (wanted.includes('string') && typeof data !== 'object') return `${message}: put it in quotes`;
  const isQuoted = typeof data === 'string' && data.trim() !== '' && Number.isFinite(Number(data));
  return isQuoted && (wanted.includes('number') || wanted.includes('integer'))
    ? `${message}: remove the quotes`
    : message;
}

const formatWords = (format: string): string =>
  format === 'date-time' ? 'a time like 2026-11-23T00:00:00Z' : `a valid ${format}`;

function limitMessage({ path, keyword, params, message, parentSchema }: Located, is: string): string {
  const limit = Number(params.limit);
  const keys = Object.keys(isMap(parentSchema?.properties) ? parentSchema.properties : {});
  switch (keyword) {
    case 'minimum':
      return `must be at least ${limit}${is}`;
    case 'maximum':
      return `must be at most ${limit}${is}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'minItems':
      return `must have at least ${limit === 1 ? 'one entry' : `${limit} entries`}`;
    case 'minProperties':
      if (isPolicy(path)) return 'names no policy: remove the entry';
      return keys.length > 0
        ? `must have at least ${limit} of ${keys.join(', ')}`
        : `must have at least ${limit} keys`;
    case 'maxProperties':
      return isPolicy(path)
        ? 'holds several policies: begin each with its own "- "'
        : `must have at most ${limit} keys`;
    case 'uniqueItems':
      return `the entries ${Math.min(params.i, params.j)} and ${Math.max(params.i, params.j)} are the same`;
    default:
      return `${message ?? 'is not valid'}${is}`;
  }
}
