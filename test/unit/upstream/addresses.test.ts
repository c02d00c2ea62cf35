import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { AddressRules } from '../../../src/lib/address-rules.ts';
import { Addresses } from '../../../src/upstream/addresses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const v4 = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: 4 }));
const v6 = (...addresses: string[]): LookupAddress[] => addresses.map((address) => ({ address, family: 6 }));

function open(first: LookupAddress[], timeToLive?: () => Promise<number | undefined>, refreshMs = 1_000) {
  const told: string[] = [];
  const name = { addresses: first as LookupAddress[] | Error, asked: 0 };
  const addresses = new Addresses({
    hostname: 'shop.test',
    refreshMs,
    rules: new AddressRules({ allow: [], deny: [] }),
    resolve: async () => {
      name.asked++;
      if (name.addresses instanceof Error) throw name.addresses;
      return name.addresses;
    },
    timeToLive,
    onLoss: () => told.push('loss'),
    onFailure: (_hostname, error) => told.push(String(error)),
  });
  onTestFinished(() => addresses.close());
  const connect = (): Promise<string> =>
    new Promise((resolve, reject) => {
      addresses.lookup('shop.test', { all: true }, (error, found) => {
        if (error) reject(error);
        else resolve((found as LookupAddress[]).map(({ address }) => address).join(' '));
      });
    });
  return { addresses, name, told, connect };
}

it('nothing is asked before a connection wants an address, and then once for all', async () => {
  const { name, connect } = open(v4('a', 'b', 'c'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(name.asked).toBe(0);
  expect(await Promise.all([connect(), connect()])).toEqual(['a b c', 'b c a']);
  expect(await connect()).toBe('c a b');
  expect(name.asked).toBe(1);
});

it('the family that the system puts first stays first', async () => {
  const { connect } = open([...v4('a', 'b'), ...v6('::1')]);
  expect([await connect(), await connect(), await connect()]).toEqual(['a b ::1', 'b a ::1', 'a b ::1']);
});

it('only the loss of an address makes connections out of date', async () => {
  const { name, told, connect } = open(v4('a'));
  await connect();
  name.addresses = v4('b', 'a');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
  expect(await connect()).toMatch(/b/);
  name.addresses = v4('b');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual(['loss']);
  expect(name.asked).toBe(3);
});

it('an outage of the name is told once, and what is known goes on being used', async () => {
  const { name, told, connect } = open(v4('a'));
  await connect();
  name.addresses = new Error('SERVFAIL');
  await vi.advanceTimersByTimeAsync(5_000);
  name.addresses = [];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual(['Error: SERVFAIL']);
  expect(await connect()).toBe('a');
  name.addresses = v4('a');
  await vi.advanceTimersByTimeAsync(1_000);
  name.addresses = new Error('SERVFAIL');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toHaveLength(2);
});

it('after an outage a name that changes often is asked again as often as before', async () => {
  let ttl: number | undefined = 2_000;
  const { name, connect } = open(v4('a'), async () => ttl, 30_000);
  await connect();
  await vi.advanceTimersByTimeAsync(0);
  name.addresses = new Error('SERVFAIL');
  ttl = undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  name.addresses = v4('b');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(name.asked).toBe(3);
  expect(await connect()).toBe('b');
});

it('closed, it asks nobody any more', async () => {
  const { addresses, name, connect } = open(v4('a'));
  await connect();
  addresses.close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(name.asked).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('where the DNS says how long addresses hold, they are asked for again after that, within bounds', async () => {
  let ttl: number | undefined = 5_000;
  const { name, connect } = open(v4('a'), async () => ttl);
  await connect();
  await vi.advanceTimersByTimeAsync(4_900);
  expect(name.asked).toBe(1);
  ttl = 0;
  await vi.advanceTimersByTimeAsync(100);
  expect(name.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(900);
  expect(name.asked, 'not without a pause').toBe(2);
  ttl = undefined;
  await vi.advanceTimersByTimeAsync(100);
  expect(name.asked).toBe(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(name.asked, 'at the interval').toBe(4);
});

it('a name that comes to lead to a metadata service goes on where it was', async () => {
  const { name, told, connect } = open(v4('10.0.0.1'));
  expect(await connect()).toBe('10.0.0.1');
  name.addresses = v4('169.254.169.254');
  await vi.advanceTimersByTimeAsync(1_000);
  expect([name.asked, told.length, await connect()]).toEqual([2, 1, '10.0.0.1']);
});
