// `hypercare probe`: what a program that runs it is told.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runCli } from '../../src/cli/index.ts';
import { aiGateway, CLIENT_KEY } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

it('its exit code says how it went: all of several, where none went worse', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const script = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const asks = (what: string) => `name: x
steps:
  - { say: "My ${what} is 4711.", plant: { it: "4711" } }
  - { ask: "What is my account number?", expect: it }
`;
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  vi.stubEnv('HYPERCARE_PROBE_KEY', CLIENT_KEY);
  const told = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const refused = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const probe = (...files: string[]) =>
    runCli(['node', 'hypercare', 'probe', ...files, '--model', 'smart', '--url', `${gateway.url}/v1`]);
  const [known, forgotten, none, skipping] = [
    await script('known.yaml', asks('account number')),
    await script('forgotten.yaml', asks('shoe size')),
    await script('none.yaml', 'steps: nothing'),
    await script('skipping.yaml', `${asks('account number')}  - { hook: restart }\n`),
  ];
  expect(await probe(known)).toBe(0);
  expect(await probe(forgotten)).toBe(1);
  expect(await probe(none)).toBe(2);
  expect(await probe(skipping)).toBe(3);
  expect(await probe(skipping, known)).toBe(3);
  expect(await probe(skipping, forgotten)).toBe(1);
  expect(told.mock.calls.flat().join('')).toContain('forgot');
  expect(refused.mock.calls.flat().join('')).toContain('none.yaml');
});

it('--help says which there are', async () => {
  const told = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => told.mockRestore());
  expect(await runCli(['node', 'hypercare', 'probe', '--help'])).toBe(0);
  expect(told.mock.calls.flat().join('')).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
});
