// A conversation of somebody that has ended: they are told, and to everybody else there never was one.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, type ChatAnswer, CLIENT_KEY } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { causes, send, user } from '../helpers/talk.ts';

const SHOP_KEY = 'key-of-the-shop';
const sha256 = createHash('sha256').update(SHOP_KEY).digest('hex');

/** All that an answer says of its conversation but its name. */
const toldBy = ({ status, headers, trailers }: ChatAnswer) => {
  const told = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-context-') && name !== 'x-context-session',
  );
  return { status, trailers, ...Object.fromEntries(told) };
};

const STRANGERS = [
  { who: 'another user', more: { user: 'bob' }, key: CLIENT_KEY },
  { who: 'nobody in particular', more: {}, key: CLIENT_KEY },
  { who: 'another consumer', more: { user: 'ann' }, key: SHOP_KEY },
];

it.each(['memory:', 'Redis'])('in %s', async (where) => {
  let url = where;
  if (where === 'Redis') {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    ({ url } = redis);
  }
  const gateway = await aiGateway([await knowingProvider()], {
    store: { url, timeout: '5s' },
    context: { enabled: true, ttl: '1s' },
    consumers: [{ name: 'shop', keys: [{ id: 'k2', sha256 }] }],
  });
  const say = (session: string, more: object, key = CLIENT_KEY) => {
    const headers = { 'x-session-id': session, authorization: `Bearer ${key}` };
    return send(gateway, [user('Hello.')], headers, more);
  };
  const ways = ['erased', 'expired'];
  for (const how of ways)
    for (const who of ['ann', ...STRANGERS.map((stranger) => stranger.who)]) {
      const session = `${how} ${who}`;
      expect((await say(session, { user: 'ann' })).headers['x-context-status']).toBe('new');
      const path = `/api/sessions/${encodeURIComponent(session)}?consumer=app`;
      if (how === 'erased') expect((await admin(gateway, path, { method: 'DELETE' })).status).toBe(200);
    }
  await sleep(1100);

  for (const how of ways)
    for (const { who, more, key } of STRANGERS) {
      const told = toldBy(await say(`${how} ${who}`, more, key));
      expect(told).toMatchObject({ status: 200, 'x-context-status': 'new', 'x-context-version': '1' });
      expect(told).toEqual(toldBy(await say(`never seen, ${how} ${who}`, more, key)));
    }
  expect([await causes(gateway, 'erased'), await causes(gateway, 'ttl')]).toEqual([0, 0]);
  expect(await causes(gateway, 'version_regressed')).toBe(0);

  for (const how of ways)
    expect((await say(`${how} ann`, { user: 'ann' })).headers['x-context-status']).toBe('reset');
  expect([await causes(gateway, 'erased'), await causes(gateway, 'ttl')]).toEqual([1, 1]);
});
