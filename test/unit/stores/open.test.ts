import { expect, it } from 'vitest';
import { describeStoreUrl, openStore } from '../../../src/stores/index.ts';
import { parseRedisUrl } from '../../../src/stores/redis/address.ts';

it.each([
  ['memory:', 'memory:'],
  ['sqlite:data/a@b.db', 'sqlite:data/a@b.db'],
  ['redis://h:1/2', 'redis://h:1/2'],
  ['redis://user:pass@h', 'redis://h'],
  ['rediss://:p@s#s/w?rd@h:1', 'rediss://h:1'],
  ['redis-cluster://u:p@a:1,b:2', 'redis-cluster://a:1,b:2'],
  ['redis://h?password=p', 'redis://h'],
])('describes %s as %s', (url, name) => {
  expect(describeStoreUrl(url)).toBe(name);
});

it.each([
  '',
  'postgres://u:s3cret@h',
  'REDIS',
  'data/store.db',
  ':memory:',
])('does not know the store %j', async (url) => {
  const failure = await openStore(url).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(String(failure)).toContain(
    'known are memory:, sqlite:PATH, redis://, rediss://, redis-cluster://, redis-sentinel://',
  );
  expect(String(failure)).not.toContain('s3cret');
});

it('wants a path for sqlite', async () => {
  await expect(openStore('sqlite:')).rejects.toThrow('needs a path');
});

it('reads Redis URLs', () => {
  const plain = { cluster: false, tls: false, db: 0 };
  expect(parseRedisUrl('redis://h')).toEqual({ ...plain, nodes: [{ host: 'h', port: 6379 }] });
  expect(parseRedisUrl('rediss://u:p%40:%@[::1]:1/3')).toEqual({
    ...plain,
    tls: true,
    db: 3,
    nodes: [{ host: '::1', port: 1 }],
    username: 'u',
    password: 'p%40:%',
  });
  expect(parseRedisUrl('redis://:p%40@h/')).toEqual({
    ...plain,
    nodes: [{ host: 'h', port: 6379 }],
    password: 'p@',
  });
  expect(parseRedisUrl('redis-cluster://a:1,b:2')).toEqual({
    ...plain,
    cluster: true,
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
  });
  expect(parseRedisUrl('redis-sentinel://:p@a,b:2/my-master/1')).toEqual({
    ...plain,
    db: 1,
    sentinel: 'my-master',
    password: 'p',
    nodes: [
      { host: 'a', port: 26_379 },
      { host: 'b', port: 2 },
    ],
  });
});

it.each([
  'redis://',
  'redis:h',
  'redis://s3cret@h?db=1',
  'redis://s3cret@h/x',
  'redis://s3cret@h:port',
  'redis://s3cret@h:99999',
  'redis://s3cret@a,b',
  'redis-cluster://s3cret@a,b/1',
  'redis-sentinel://s3cret@a,b',
  'redis-sentinel://s3cret@a/master/x',
])('refuses %s without repeating what may be a password', (url) => {
  expect(() => parseRedisUrl(url)).toThrow();
  expect(() => parseRedisUrl(url)).not.toThrow(/s3cret/);
});
