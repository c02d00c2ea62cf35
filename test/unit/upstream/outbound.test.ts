import { expect, it, onTestFinished } from 'vitest';
import type { Told } from '../../../src/hypercare/channels/channel.ts';
import { postingBy } from '../../../src/hypercare/channels/post.ts';
import { openChannels } from '../../../src/hypercare/channels/settings.ts';
import { AddressRules } from '../../../src/lib/address-rules.ts';
import { openOutbound } from '../../../src/upstream/outbound.ts';
import { backend } from '../../helpers/backend.ts';

const SETTINGS = {
  token: '',
  secret: '',
  channel: '',
  routingKey: '',
  user: '',
  password: '',
  project: '',
  issueType: '',
  repository: '',
};
const ADDRESSES: Readonly<Record<string, string>> = {
  'inside.test': '127.0.0.1',
  'anything.test': '0.0.0.0',
};

function opened() {
  const outbound = openOutbound(new AddressRules({ allow: [], deny: [] }), async (hostname) => {
    const address = ADDRESSES[hostname];
    return address === undefined ? [] : [{ address, family: 4 }];
  });
  onTestFinished(() => outbound.close());
  const { signal: stop } = new AbortController();
  return { ...outbound, ways: { post: postingBy(outbound.fetch, stop), lookup: outbound.lookup, stop } };
}

it('asks by names that lead where they may, and follows no redirect, whatever its caller says', async () => {
  const asked: string[] = [];
  const other = await backend((request, response) => {
    asked.push(String(request.url));
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const { fetch } = opened();
  const url = `http://inside.test:${other.port}/here`;
  for (const redirect of [undefined, 'follow', 'manual'] as const)
    expect((await fetch(url, redirect ? { redirect } : {})).status).toBe(302);
  await expect(fetch(url, { redirect: 'error' })).rejects.toThrow();
  expect(asked).toEqual(Array(4).fill('/here'));
});

it.each([
  ['anything.test', 'upstream_address_refused'],
  ['nowhere.test', 'ENOTFOUND'],
])('%s: nothing is connected to, and why is said', async (hostname, code) => {
  const other = await backend((_request, response) => response.end());
  const { fetch, lookup } = opened();
  await expect(fetch(`http://${hostname}:${other.port}`)).rejects.toMatchObject({ cause: { code } });
  const error = await new Promise((resolve) => lookup(hostname, {}, resolve));
  expect(error).toMatchObject({ code });
});

it.each([
  ['webhook', 'http', 'no answer: upstream_address_refused'],
  ['smtp', 'smtp', 'not taken: upstream_address_refused'],
] as const)('a channel goes the same way: %s', async (kind, scheme, why) => {
  let connections = 0;
  const other = await backend((_request, response) => response.end());
  other.server.on('connection', () => connections++);
  const settings = { name: 'night', kind, priorities: ['P1' as const], from: 'a@b.test', to: ['c@d.test'] };
  const { channels, off } = openChannels(
    [{ ...SETTINGS, ...settings, url: `${scheme}://anything.test:${other.port}` }],
    opened().ways,
  );
  expect(off).toEqual([]);
  const finding = { id: 'f', title: 't', sentence: 's', priority: 'P1', actions: [], history: [] };
  const told = { event: 'opened', finding, at: 0, id: 'i', link: '', thread: '' } as unknown as Told;
  await expect(channels[0]?.tell(told)).rejects.toThrow(why);
  channels[0]?.close?.();
  expect(connections).toBe(0);
});
