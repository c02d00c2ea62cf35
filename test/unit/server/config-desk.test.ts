import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, expect, it, vi } from 'vitest';
import { deskHere } from '../../../src/config/desk.ts';
import { openConfigDesk } from '../../../src/server/config-desk.ts';
import { loadPolicies, schemasOf } from '../../../src/server/policies.ts';
import { authority, LOOPBACK, pemFolder } from '../../helpers/certificates.ts';

const policies = schemasOf(await loadPolicies());
const here = deskHere(policies);
const desk = openConfigDesk(policies);
afterAll(() => desk.close());

const textOf = (upstream: string): string => `version: 1
upstreams:
  items: { targets: [{ url: "http://127.0.0.1:1" }] }
store: { url: "redis://user:secret@127.0.0.1:1" }
routes:
${Array.from({ length: 200 }, (_, i) => `  - { name: r${i}, match: { path: /r${i}/* }, upstream: items }`).join('\n')}
  - { name: last, match: { path: /last }, upstream: ${upstream}, policies: [{ rate-limit: { limit: 5, window: 1m } }] }
`;
const draft = (text: string) => ({ file: '/nowhere/gateway.yaml', text, env: {} });

it('a large config is read in a process of its own as it is read here', async () => {
  const text = textOf('items');
  const loaded = await desk.load(draft(text));
  expect(loaded.config.routes).toHaveLength(201);
  // The fingerprint too: else a file that says the same would be put into service again.
  expect(loaded).toEqual(await here.load(draft(text)));
});

it('certificates that it names come along', async () => {
  const ca = await authority();
  const files = await pemFolder();
  const { cert, key } = await files.putPair('a', await ca.issue({ names: LOOPBACK }));
  const text = `${textOf('items')}server: { tls: { certificates: [{ cert: ${cert}, key: ${key} }] } }\n`;
  const { config } = await desk.load(draft(text));
  const [first] = config.server.tls?.certificates ?? [];
  const here = await readFile(key, 'utf8');
  expect(first?.key.read()).toBe(here);
  expect(JSON.stringify(config)).not.toContain('PRIVATE KEY');
});

it('what is wrong with it is said at its place', async () => {
  const wrong = draft(textOf('itms'));
  await expect(desk.load(wrong)).rejects.toThrow(
    'gateway.yaml:206:53  routes[200].upstream: there is no upstream',
  );
  await expect(here.load(wrong)).rejects.toThrow(
    'gateway.yaml:206:53  routes[200].upstream: there is no upstream',
  );
});

it('texts are compared and shown without their secrets', async () => {
  const [before, after] = [textOf('items'), textOf('items').replace('/last', '/latest')];
  const diff = await desk.diff(before, after);
  expect(diff.filter(({ kind }) => kind !== 'same').map(({ kind, line }) => [kind, line])).toEqual([
    ['removed', 206],
    ['added', 206],
  ]);
  const shown = await desk.masked(before);
  expect(shown).toContain('redis://***@127.0.0.1:1');
  expect(shown).not.toContain('secret');
});

/** Processes of this one that read configurations. */
function readers(): number[] {
  try {
    const found = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'config-process'], {
      encoding: 'utf8',
    });
    return found.trim().split('\n').map(Number);
  } catch {
    // That is how pgrep says that there are none.
    return [];
  }
}

it('a process that is killed while it reads is replaced, and the config is read all the same', async () => {
  const own = openConfigDesk(policies);
  const others = readers();
  const loading = own.load(draft(textOf('items')));
  const [pid] = await vi.waitFor(() => {
    const news = readers().filter((each) => !others.includes(each));
    expect(news).toHaveLength(1);
    return news;
  }, 20_000);
  process.kill(pid as number, 'SIGKILL');
  expect((await loading).config.routes).toHaveLength(201);
  await own.close();
  expect(readers()).toEqual(others);
});
