// A conversation that began anew, or of which the store has lost turns: who speaks in it is told so, and loses no more of it.
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, DONE, errorOf, ROLE, rawProvider, STOP, STREAM_HEADERS, word } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { causes, S1, said, send, statusOf, user } from '../helpers/talk.ts';

const ON = { context: { enabled: true } };

it('where a conversation was lost the cause is told', async () => {
  const gateway = await aiGateway([await knowingProvider()], ON);
  const first = user('Where is my parcel?');
  const log = [first, said('I have read 1 messages.'), user('And now?')];
  await send(gateway, [first]);
  // Another id for what had begun under the first one, then none.
  expect(statusOf(await send(gateway, log, { 'x-session-id': 's2' }))).toEqual([200, 'new']);
  expect(await causes(gateway, 'new_id_same_opener')).toBe(1);
  await send(gateway, log, {});
  expect(await causes(gateway, 'client_dropped_id')).toBe(1);
  await send(gateway, [first, said('That was never said.'), user('And now?')]);
  expect(await causes(gateway, 'hash_mismatch')).toBe(1);
  const lost = await send(gateway, [user('Go on.')], { ...S1, 'x-context-version': '9' });
  expect(statusOf(lost)).toEqual([200, 'reset']);
  expect(await causes(gateway, 'version_regressed')).toBe(1);
  const unknown = await send(gateway, [user('Go on.')], { 'x-session-id': 's3', 'x-context-version': '9' });
  expect(statusOf(unknown)).toEqual([200, 'reset']);
  expect(unknown.headers['x-context-version']).toBe('1');
  expect(statusOf(await send(gateway, [user('And?')], { 'x-session-id': 's3' }))).toEqual([200, 'hit']);
  expect(await causes(gateway, 'version_regressed')).toBe(2);
});

/** Says that it sees, while it is not down. */
async function fallible() {
  const prompts: object[][] = [];
  const state = { isDown: false };
  const provider = await rawProvider((response, { body }) => {
    if (state.isDown) {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"No."}}');
      return;
    }
    prompts.push((JSON.parse(body.toString()) as { messages: object[] }).messages);
    const choices = [{ message: { content: 'I see.' }, finish_reason: 'stop' }];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'c', choices }));
  });
  return { provider, prompts, state };
}

it('a conversation that began anew says so until one of its turns comes to something', async () => {
  const { provider, state } = await fallible();
  const gateway = await aiGateway([provider], ON);
  expect(statusOf(await send(gateway, [user('one')]))).toEqual([200, 'new']);
  await admin(gateway, '/api/sessions/s1?consumer=app', { method: 'DELETE' });
  state.isDown = true;
  const failed = await send(gateway, [user('two')]);
  expect([failed.status >= 500, failed.headers['x-context-status']]).toEqual([true, 'reset']);
  state.isDown = false;
  expect(statusOf(await send(gateway, [user('two')]))).toEqual([200, 'reset']);
  expect(statusOf(await send(gateway, [user('three')]))).toEqual([200, 'hit']);
});

it('a client of one that was lost still knows its version: what failed since is not what it waits for', async () => {
  const { provider, state } = await fallible();
  const gateway = await aiGateway([provider], ON);
  const knows = { ...S1, 'x-context-version': '1' };
  state.isDown = true;
  expect((await send(gateway, [user('one')], knows)).status).toBeGreaterThanOrEqual(500);
  state.isDown = false;
  expect(statusOf(await send(gateway, [user('one')], knows))).toEqual([200, 'reset']);
});

it('a store that has lost turns says so until one comes to something', async () => {
  const { provider, prompts, state } = await fallible();
  const gateway = await aiGateway([provider], ON);
  await send(gateway, [user('one')]);
  state.isDown = true;
  await send(gateway, [user('two')], { ...S1, 'x-context-version': '9' });
  state.isDown = false;
  expect(statusOf(await send(gateway, [user('two')]))).toEqual([200, 'reset']);
  expect(prompts.at(-1)).toEqual([user('two')]);
  expect(statusOf(await send(gateway, [user('three')]))).toEqual([200, 'hit']);
  expect(await causes(gateway, 'version_regressed')).toBe(2);
});

it('those who begin anew at once what the store has lost follow one another', async () => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  onTestFinished(() => redis.stop());
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { ...ON, store: { url: redis.url, timeout: '5s' } });
  // Whoever runs it could have known.
  await eventually(() => gateway.lines.some(({ policy }) => policy === 'allkeys-lru'));
  const atOnce = async (words: readonly string[], headers: Record<string, string> = S1) => {
    const held = words.map((each) => provider.hold(each));
    const all = words.map((each) => send(gateway, [user(each)], headers));
    for (const { came } of held) await came;
    for (const { go } of held) go();
    expect((await Promise.all(all)).map(statusOf)).toEqual(words.map(() => [200, 'reset']));
    expect(statusOf(await send(gateway, [user('Go on.')]))).toEqual([200, 'hit']);
    return provider.prompts.at(-1)?.map(({ content }) => content);
  };

  await send(gateway, [user('one')]);
  expect(await redis.cli('del', 'hypercare:c:{app:s1}:t')).toBe('1');
  const anew = await atOnce(['two', 'three']);
  expect(anew).toEqual(expect.arrayContaining(['two', 'three', 'Go on.']));
  expect(anew).not.toContain('one');
  // And where something is left, behind which they can't go on.
  const left = await atOnce(['four', 'five'], { ...S1, 'x-context-version': '99' });
  expect(left).toEqual(expect.arrayContaining(['four', 'five', 'Go on.']));
  expect(left).not.toContain('two');
});

it('who retries a stream with the version that it promised waits for its turn, and loses no conversation', async () => {
  let goOn = (): void => undefined;
  const prompts: object[][] = [];
  const provider = await rawProvider((response, { body }) => {
    prompts.push((JSON.parse(body.toString()) as { messages: object[] }).messages);
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('Yes')}`);
    const end = () => void response.end(`${word('.')}${STOP}${DONE}`);
    if (prompts.length === 2) goOn = end;
    else end();
  });
  const gateway = await aiGateway([provider], ON);
  const say = (content: string, headers = {}) =>
    send(gateway, [user(content)], { ...S1, ...headers }, { stream: true });
  await say('My account number is 4711.');
  const answering = say('Do you know it?');
  await eventually(() => prompts.length === 2);
  const promised = { 'x-context-version': '2' };
  const early = await say('Do you know it?', promised);
  expect([early.status, errorOf(early).code, early.headers['retry-after']]).toEqual([
    409,
    'conversation_locked',
    '1',
  ]);
  // Who sends all of it misses nothing.
  const log = [user('My account number is 4711.'), said('Yes.'), user('Do you?')];
  expect((await send(gateway, log, { ...S1, ...promised }, { stream: true })).status).toBe(200);
  goOn();
  await answering;
  expect(statusOf(await say('And now?', promised))).toEqual([200, 'hit']);
  expect(prompts.at(-1)?.[0]).toEqual(user('My account number is 4711.'));
});
