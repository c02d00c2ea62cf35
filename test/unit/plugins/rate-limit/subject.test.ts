import type { FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { subjectOf, subjectProblem } from '../../../../plugins/rate-limit/subject.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';

function subject(
  per: string,
  exchange: Partial<Exchange> = {},
  headers: Record<string, string> = {},
): string {
  const from = {
    client: '192.0.2.1',
    consumer: '',
    consumerGroups: [],
    consumerClaims: {},
    ...exchange,
  } as Exchange;
  return subjectOf(per)(from, { headers } as unknown as FastifyRequest);
}

it('counts a consumer wherever it comes from, and by its address where there is none', () => {
  expect(subject('consumer', { consumer: 'shop' })).toBe(
    subject('consumer', { consumer: 'shop', client: '::1' }),
  );
  expect(subject('consumer')).toBe(subject('address'));
  expect(subject('consumer')).not.toBe(subject('consumer', { client: '192.0.2.2' }));
});

it('tells apart what only looks alike', () => {
  const seen = [
    subject('consumer', { consumer: '192.0.2.1' }),
    subject('address'),
    subject('route'),
    subject('header:x-tenant'),
    subject('header:x-tenant', {}, { 'x-tenant': '' }),
    subject('header:x-tenant', {}, { 'x-tenant': 'none' }),
    subject('header:x-tenant', {}, { 'x-tenant': '*' }),
    subject('header:a+header:b', {}, { a: '1', b: '2' }),
    subject('header:a+header:b', {}, { a: '1 2', b: '' }),
    subject('header:a+header:b', {}, { a: '', b: '1 2' }),
    subject('header:a+header:b', {}, { a: '12' }),
    subject('group', { consumerGroups: ['a', 'b'] }),
    subject('group', { consumerGroups: ['a,b'] }),
    subject('group', { consumerGroups: ['none'] }),
    subject('group + claim:t', { consumerGroups: ['a\nare:["b"]'], consumerClaims: {} }),
    subject('group + claim:t', { consumerGroups: ['a'], consumerClaims: { t: ['b'] } }),
    subject('claim:t + claim:u', { consumerClaims: { t: ['a'] } }),
    subject('claim:t + claim:u', { consumerClaims: { u: ['a'] } }),
    subject('cookie:id', {}, { cookie: 'x=1; id=a' }),
    subject('header:x-tenant', {}, { 'x-tenant': 'a'.repeat(5000) }),
    subject('header:x-tenant', {}, { 'x-tenant': `${'a'.repeat(4999)}b` }),
  ];
  expect(new Set(seen).size).toBe(seen.length);
});

it('counts together who has the same groups, in whichever order, and who has none of what is asked', () => {
  expect(subject('group', { consumerGroups: ['a', 'b'] })).toBe(
    subject('group', { consumerGroups: ['b', 'a'] }),
  );
  expect(subject('claim:__proto__')).toBe(subject('claim:tenant'));
  expect(subject('cookie:id', {}, { cookie: 'xid=a' })).toBe(subject('cookie:id'));
  expect(subject('cookie:id', {}, { cookie: 'id=a; id=b' })).toBe(
    subject('cookie:id', {}, { cookie: 'id=a' }),
  );
});

it('keeps a key short, however long a header is', () => {
  for (const value of ['t'.repeat(16_000), 'é'.repeat(99)]) {
    expect(Buffer.byteLength(subject('header:x-tenant', {}, { 'x-tenant': value }))).toBeLessThan(256);
  }
});

it.each([
  ['planet', /"planet" is none of/],
  ['consumer + ', /"" is none of/],
  ['header:x tenant', /"header:x tenant" is none of/],
  ['route + route', /the same twice/],
  ['header:X-Tenant + header:x-tenant', /the same twice/],
  ['claim:', /"claim:" is none of/],
  ['cookie:a=b', /is none of/],
  ['group:staff', /is none of/],
])('says what is wrong with %s', (per, message) => {
  expect(subjectProblem(per)).toMatch(message);
});

it.each([
  'consumer',
  'group',
  'claim:https://id.example.com/tenant',
  'cookie:__Host-id',
  'address + header:X-Tenant',
  'header:a+header:b+route',
])('takes %s', (per) => {
  expect(subjectProblem(per)).toBeUndefined();
});
