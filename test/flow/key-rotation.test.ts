import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { called } from '../helpers/command.ts';
import { testGateway } from '../helpers/gateway.ts';

const HOUR = 3_600_000;

/** `hypercare key …`: what it printed, and its exit code. */
async function key(...args: string[]): Promise<{ code: number; out: string; err: string; key: string }> {
  const { code, said: out, wrong: err } = await called('key', ...args);
  return { code, out, err, key: /^hck_\S+$/m.exec(out)?.[0] ?? '' };
}

async function shop() {
  const clock = { ahead: 0 };
  const upstream = await backend((_request, response) => response.end('ok'));
  const gateway = await testGateway(
    `version: 1
server: { listen: "127.0.0.1:0" }
admin: { listen: "127.0.0.1:0" }
store: { url: "memory:" }
consumers:                    # who may call
  - name: shop                # the web shop
    keys: [{ id: k1, sha256: ${'ab'.repeat(32)} }]   # nobody has this one
  - { name: bot }
upstreams: { up: { targets: [{ url: "${upstream.url}" }] } }
routes: [{ name: things, match: { path: /things }, upstream: up, policies: [{ auth-api-key: {} }] }]
`,
    { now: () => Date.now() + clock.ahead },
  );
  const ask = async (apiKey: string): Promise<[number, string | undefined]> => {
    const answer = await fetch(`${gateway.url}/things`, { headers: { 'x-api-key': apiKey } });
    const body = await answer.text();
    return [answer.status, answer.status === 200 ? undefined : (JSON.parse(body) as { code: string }).code];
  };
  return { gateway, clock, ask };
}

it('a key is rotated: both let in for the overlap, then only the new one, and at last the old one is taken out', async () => {
  const { gateway, clock, ask } = await shop();
  const first = await key('create', gateway.file, 'shop');
  expect(first.code).toBe(0);
  expect(first.key).toMatch(/^hck_[\w-]{43}$/);
  expect(await gateway.reload()).toBe(true);
  expect(await ask(first.key)).toEqual([200, undefined]);

  const second = await key('rotate', gateway.file, 'shop', '--overlap', '1h', '--old', 'k2');
  expect(second.out).toMatch(/^k2 ends: expires: 20\d\d-/m);
  expect(await gateway.reload()).toBe(true);
  expect([await ask(first.key), await ask(second.key)]).toEqual([
    [200, undefined],
    [200, undefined],
  ]);
  await gateway.accessLine(({ consumer_key, consumer }) => consumer === 'shop' && consumer_key === 'k3');

  clock.ahead = HOUR;
  expect(await ask(first.key)).toEqual([401, 'auth_key_expired']);
  expect(await ask(second.key)).toEqual([200, undefined]);
  await gateway.accessLine(
    ({ reason, detail }) =>
      reason === 'auth_key_expired' && /^the key k2 of shop expired at/.test(String(detail)),
  );

  expect((await key('revoke', gateway.file, 'shop', 'k2')).code).toBe(0);
  expect(await gateway.reload()).toBe(true);
  expect(await ask(first.key)).toEqual([401, 'auth_key_unknown']);
  expect((await key('list', gateway.file)).out).toBe('shop  k1  active\nshop  k3  active\n');
  const text = await readFile(gateway.file, 'utf8');
  expect(text).toContain('# who may call');
  expect(text).toContain('# the web shop');
  for (const secret of [first.key, second.key]) {
    expect(text).not.toContain(secret);
    expect(JSON.stringify(gateway.lines)).not.toContain(secret);
  }
});

it('a key that is not good yet is not told apart from a wrong one, but in the log', async () => {
  const { gateway, clock, ask } = await shop();
  const { key: own } = await key('create', gateway.file, 'bot', '--id', 'next', '--expires', '2d');
  const text = await readFile(gateway.file, 'utf8');
  const tomorrow = new Date(Date.now() + 24 * HOUR).toISOString();
  await gateway.write(text.replace('id: next', `id: next, notBefore: "${tomorrow}"`));
  expect(await gateway.reload()).toBe(true);
  expect(await ask(own)).toEqual([401, 'auth_key_unknown']);
  await gateway.accessLine(({ detail }) => /^the key next of bot is not good before/.test(String(detail)));
  expect((await key('list', gateway.file)).out).toContain('bot  next  not before');
  clock.ahead = 25 * HOUR;
  expect(await ask(own)).toEqual([200, undefined]);
  clock.ahead = 49 * HOUR;
  expect(await ask(own)).toEqual([401, 'auth_key_expired']);
});

it('what can not be meant is refused with a reason, and leaves the file as it is', async () => {
  const { gateway } = await shop();
  const before = await readFile(gateway.file, 'utf8');
  const refused: [string[], RegExp][] = [
    [['create', gateway.file, 'nobody'], /there is no consumer "nobody"; there is shop, bot/],
    [['create', gateway.file, 'shop', '--id', 'k1'], /it has a key "k1" already/],
    [['create', gateway.file, 'shop', '--id', 'a b'], /"a b" is no name for a key/],
    [['create', gateway.file, 'shop', '--expires', 'soon'], /It is a duration like 7d/],
    [['create', gateway.file, 'shop', '--expires', '2020-01-01T00:00:00Z'], /would have expired already/],
    [['create', gateway.file, 'shop', '--expires', '90'], /It is a duration like 7d/],
    [['rotate', gateway.file, 'shop', '--expires', '0s'], /would have expired already/],
    [['rotate', gateway.file, 'shop', '--overlap', '7'], /It is a duration like 7d/],
    [
      ['rotate', gateway.file, 'shop', '--overlap', '2020-01-01T00:00:00Z'],
      /older keys would have ended already/,
    ],
    [['rotate', gateway.file, 'bot'], /it has no key: create one/],
    [['rotate', gateway.file, 'shop', '--old', 'k9'], /it has no key "k9"/],
    [['revoke', gateway.file, 'shop', 'k9'], /it has no key "k9"; it has k1/],
  ];
  for (const [args, reason] of refused) {
    const { code, err, out } = await key(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(reason);
  }
  expect((await key('create', `${gateway.file}.missing`, 'shop')).code).toBe(1);
  const { out, key: own } = await key('create', gateway.file, 'shop', '--print');
  expect(out).toMatch(/to be added to the keys of shop in .*: \{ id: "k2", sha256: "[0-9a-f]{64}" \}/);
  expect(own).not.toBe('');
  expect(await readFile(gateway.file, 'utf8')).toBe(before);
});

it('a key that somebody else has is rotated without an overlap: it ends at once', async () => {
  const { gateway, ask } = await shop();
  const leaked = await key('create', gateway.file, 'bot');
  const { key: fresh } = await key('rotate', gateway.file, 'bot', '--overlap', '0s');
  expect(await gateway.reload()).toBe(true);
  expect([await ask(leaked.key), await ask(fresh)]).toEqual([
    [401, 'auth_key_expired'],
    [200, undefined],
  ]);
});
