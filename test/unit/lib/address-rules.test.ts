import { expect, it } from 'vitest';
import { AddressRules } from '../../../src/lib/address-rules.ts';

const rules = (allow: string[] = [], deny: string[] = []) => new AddressRules({ allow, deny });

it.each([
  '169.254.169.254',
  '169.254.0.1',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '0.1.2.3',
  '::',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
])('%s is nowhere that a name should lead to, unless it is allowed', (address) => {
  expect(rules().isRefused(address)).toBe(true);
  expect(rules([address.replace(/%.*/, '')]).isRefused(address)).toBe(false);
});

it.each([
  '127.0.0.1',
  '::1',
  '10.1.2.3',
  '192.168.1.1',
  '172.16.0.9',
  '100.64.0.1',
  'fd12::1',
  '203.0.113.9',
  '2001:db8::1',
])('%s is where upstreams are, and can be denied', (address) => {
  expect(rules().isRefused(address)).toBe(false);
  expect(rules([], [address]).isRefused(address)).toBe(true);
});

it('::/0 is IPv6, and nothing else in its form', () => {
  expect(rules(['::/0']).isRefused('::ffff:169.254.169.254')).toBe(true);
  expect(rules(['::/0']).isRefused('fe80::1')).toBe(false);
});

it('of several addresses those are used that may be, and localhost is configured', () => {
  const at = (...addresses: string[]) => addresses.map((address) => ({ address, family: 4 }));
  expect(rules().admitted('shop', at('169.254.1.1', '10.0.0.1'))).toEqual(at('10.0.0.1'));
  expect(rules().admitted('shop', [])).toEqual([]);
  expect(() => rules().admitted('shop', at('169.254.1.1'))).toThrow(
    expect.objectContaining({ code: 'upstream_address_refused' }),
  );
  expect(rules([], ['127.0.0.0/8']).admitted('localhost', at('127.0.0.1'))).toHaveLength(1);
});
