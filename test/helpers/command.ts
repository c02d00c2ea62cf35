import { vi } from 'vitest';
import { runCli } from '../../src/cli/index.ts';

/** What a call of `hypercare` prints, and ends with. */
export async function called(...args: string[]): Promise<{ code: number; said: string; wrong: string }> {
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const textOf = ({ mock }: typeof out): string => mock.calls.map(([text]) => String(text)).join('');
  try {
    const code = await runCli(['node', 'hypercare', ...args]);
    return { code, said: textOf(out), wrong: textOf(err) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
