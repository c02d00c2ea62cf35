import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { problems } from './stories.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/config/bad');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const ENV = { SET_TOKEN: 'hunter2', SET_LISTEN: 'hunter3', SET_LEVEL: 'hunter4' };

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

it.each(names)('%s: every problem is named with its place', (name) => {
  const found = problems(read(name), ENV);
  expect(`${found.join('\n')}\n`).toBe(read(name.replace('.yaml', '.txt')));
  expect(found.join('\n')).not.toContain('hunter');
});

it('there are many ways to get it wrong', () => {
  expect(names.length).toBeGreaterThan(30);
});
