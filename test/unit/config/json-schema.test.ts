import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { POLICIES } from './stories.ts';

const ROOT = join(import.meta.dirname, '../../..');
const ajv = new Ajv({ strict: true, allowUnionTypes: true });
addFormats.default(ajv);
ajv.addVocabulary(['x-unit', 'x-regex', 'x-template']);
const validate = ajv.compile(configJsonSchema(POLICIES));

it('an editor has no complaint about the example as it is written', () => {
  const example: unknown = parse(
    readFileSync(join(ROOT, 'test/fixtures/config/gateway.example.yaml'), 'utf8'),
  );
  validate(example);
  expect(validate.errors).toBeNull();
});

it.each([
  [
    'a variable for a number',
    { version: 1, server: { workers: '${N}', shed: { maxInFlight: '${N:-3}' } } },
    true,
  ],
  ['a variable for a word', { version: 1, log: { level: '${LEVEL}' } }, true],
  ['a wrong word', { version: 1, log: { level: 'loud' } }, false],
  ['a number without unit', { version: 1, server: { limits: { body: 10 } } }, false],
  ['an unknown key', { version: 1, servr: {} }, false],
  ['nothing', {}, false],
])('%s', (_, value, isValid) => {
  expect(validate(value)).toBe(isValid);
});

it('the units are marked, and only what has no default is required', () => {
  expect(configJsonSchema(POLICIES)).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    required: ['version'],
    properties: { server: { properties: { timeouts: { properties: { drain: { 'x-unit': 'duration' } } } } } },
  });
});

it('the generator writes the same twice', () => {
  expect(JSON.stringify(configJsonSchema(POLICIES))).toBe(JSON.stringify(configJsonSchema({ ...POLICIES })));
  const check = () =>
    execFileSync(process.execPath, [join(ROOT, 'scripts/generate.ts'), '--check'], { stdio: 'pipe' });
  expect(check).not.toThrow();
});
