import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { called } from '../helpers/command.ts';

it('says which version it is', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };

  expect(await called('--version')).toEqual({ code: 0, said: `${version}\n`, wrong: '' });
});

it('refuses an option that it does not know, by its name', async () => {
  const { code, wrong } = await called('--nonsense');

  expect(code).toBe(2);
  expect(wrong).toContain("'--nonsense'");
});
