import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { runCli } from '../../src/cli/index.ts';

/** What a call of the command says, and ends with. */
async function called(...args: string[]): Promise<{ code: number; said: string; wrong: string }> {
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const code = await runCli(['node', 'hypercare', ...args]);
    const said = (spy: typeof out | typeof err): string =>
      spy.mock.calls.map(([text]) => String(text)).join('');
    return { code, said: said(out), wrong: said(err) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

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
