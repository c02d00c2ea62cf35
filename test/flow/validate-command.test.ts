import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runCli } from '../../src/cli/index.ts';
import { configText } from '../helpers/gateway.ts';

const KEY = { 'auth-api-key': {} };
const JWT = {
  'auth-jwt': { issuer: 'https://id.example.com/', audience: 'shop', jwksUri: 'https://id.example.com/keys' },
};
const CONSUMERS = [{ name: 'anna', keys: [{ id: 'k1', sha256: 'a'.repeat(64) }] }];
const route = (name: string, ...policies: object[]): object => ({
  name,
  match: { path: `/${name}` },
  upstream: 'up',
  policies,
});

/** What the command prints about a config. */
async function validated(config: object): Promise<{ code: number; said: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-validate-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(
    file,
    configText({ upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } }, ...config }),
  );
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    const code = await runCli(['node', 'hypercare', 'validate', file]);
    return { code, said: out.mock.calls.map(([text]) => String(text)).join('') };
  } finally {
    out.mockRestore();
  }
}

it('validate names the routes that anyone may use, so that an open route is a choice', async () => {
  const { code, said } = await validated({
    consumers: CONSUMERS,
    routes: [
      route('shut', KEY),
      route('open'),
      route('limited', { 'rate-limit': { limit: 1, window: '1m' } }),
      route('either', { 'auth-any': [KEY, JWT] }),
    ],
    ai: {
      providers: { one: { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'k' } },
      models: { small: { targets: [{ provider: 'one', model: 'm' }] } },
    },
  });
  expect(code).toBe(0);
  expect(said).toMatch(/^Open to anyone \(no policy identifies the caller\): open, limited, ai$/m);
});

it('where every route asks who it is, nothing is said to be open', async () => {
  const { code, said } = await validated({ consumers: CONSUMERS, routes: [route('shut', KEY)] });
  expect(code).toBe(0);
  expect(said).not.toMatch(/open/i);
});
