import { Resolver } from 'node:dns/promises';
import { expect, it, onTestFinished } from 'vitest';
import { AddressRules } from '../../../src/lib/address-rules.ts';
import { Addresses } from '../../../src/upstream/addresses.ts';
import { timeToLiveOf } from '../../../src/upstream/time-to-live.ts';
import { eventually } from '../../helpers/gateway.ts';
import { type NameRecord, nameServer } from '../../helpers/name-server.ts';

const SERVFAIL = 2;

async function house(records: Record<string, NameRecord>) {
  const server = await nameServer(records);
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([server.address]);
  return { ...server, resolver, timeToLive: timeToLiveOf(resolver) };
}

it('a name holds for as long as the DNS says; where it says nothing nobody knows', async () => {
  const { timeToLive, asked } = await house({
    'shop.test': { addresses: ['127.0.0.1', '127.0.0.2'], ttl: 7 },
    'broken.test': { refused: SERVFAIL },
  });
  expect(await timeToLive('shop.test')).toBe(7_000);
  expect(await timeToLive('broken.test')).toBeUndefined();
  expect(await timeToLive('unknown.test')).toBeUndefined();
  const before = asked.length;
  expect([await timeToLive('shop'), await timeToLive('a.localhost')]).toEqual([undefined, undefined]);
  expect(asked, 'what is no name of the DNS is not asked for').toHaveLength(before);
});

it('a name that moves is followed when its time is over, not when the interval is', async () => {
  const records: Record<string, NameRecord> = { 'shop.test': { addresses: ['127.0.0.1'], ttl: 1 } };
  const { resolver, timeToLive, asked } = await house(records);
  let losses = 0;
  const addresses = new Addresses({
    hostname: 'shop.test',
    refreshMs: 3_600_000,
    resolve: async (hostname) =>
      (await resolver.resolve4(hostname)).map((address) => ({ address, family: 4 })),
    timeToLive,
    rules: new AddressRules({ allow: ['127.0.0.0/8'], deny: [] }),
    onLoss: () => losses++,
    onFailure: () => undefined,
  });
  onTestFinished(() => addresses.close());
  const connectsTo = (): Promise<unknown> =>
    new Promise((resolve, reject) =>
      addresses.lookup('shop.test', {}, (error, address) => (error ? reject(error) : resolve(address))),
    );
  expect(await connectsTo()).toBe('127.0.0.1');
  await eventually(() => asked.length >= 3);
  expect(await connectsTo(), 'what is known is not asked for').toBe('127.0.0.1');
  records['shop.test'] = { addresses: ['127.0.0.2'], ttl: 3_600 };
  await eventually(async () => (await connectsTo()) === '127.0.0.2');
  expect(losses).toBe(1);
});
