// What a conversation does where something goes wrong: the store away, the client gone, an id lost, two at once.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { LiveTurn } from '../../src/context/live-turn.ts';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  CLIENT_KEY,
  DONE,
  errorOf,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  word,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { causes, S1, said, send, statusOf, user } from '../helpers/talk.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';

it('while the store is away whoever sends all of it is answered, and who does not is not', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const provider = await knowingProvider();
  const on = (context: object) =>
    aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
      store: { url: redis.url, timeout: '10s' },
      context: { enabled: true, ...context },
    });
  const [gateway, strict] = [await on({}), await on({ onStoreDown: 'fail' })];
  const first = [user('My account number is 4711.')];
  expect(statusOf(await send(gateway, first))).toEqual([200, 'new']);
  const before = await sdk(gateway).responses.create({ model: 'smart', input: 'Hello.' });
  await redis.kill9();
  const log = [...first, said('I have read 1 messages.'), user('What is my account number?')];
  const whole = await send(gateway, log);
  expect(statusOf(whole)).toEqual([200, 'degraded']);
  expect(whole.body.toString()).toContain('It is 4711.');
  const delta = await send(gateway, [user('What is my account number?')]);
  expect([delta.status, errorOf(delta).code, delta.headers['retry-after']]).toEqual([
    503,
    'context_unavailable',
    '1',
  ]);
  // Also whoever looks at the log finds which ones, and of what.
  expect(delta.headers['x-context-status']).toBe('degraded');
  expect(await gateway.accessLine(({ status }) => status === 503)).toMatchObject({
    session: 's1',
    context_status: 'degraded',
    context_cause: 'store_down',
  });
  expect((await send(strict, log)).status).toBe(503);
  // Nothing can have been said before what begins here; what follows a response was said behind it.
  const begin = (at: TestGateway) =>
    sdk(at).responses.create({ model: 'smart', input: 'My account number is 4711.' }).withResponse();
  const { data, response } = await begin(gateway);
  expect([data.status, response.headers.get('x-context-status')]).toEqual(['completed', 'degraded']);
  await expect(begin(strict)).rejects.toMatchObject({ status: 503 });
  const after = { model: 'smart', input: 'And now?', previous_response_id: before.id };
  await expect(sdk(gateway).responses.create(after)).rejects.toMatchObject({ status: 503 });
  expect(await causes(gateway, 'store_down')).toBe(4);
  const { responses, conversations } = sdk(gateway);
  const unavailable = { status: 503, code: 'store_unavailable' };
  await expect(responses.retrieve(before.id)).rejects.toMatchObject(unavailable);
  await expect(conversations.create()).rejects.toMatchObject(unavailable);
  // Nobody was asked in vain.
  expect(provider.prompts).toHaveLength(4);
});

it('a call that the store did not answer in time is not in the way of its repetition', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const line = await unreliableLine(redis.port);
  onTestFinished(() => line.close());
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    store: { url: `redis://127.0.0.1:${line.port}`, timeout: '2s' },
    context: { enabled: true },
  });
  const { conversations, responses } = sdk(gateway);
  const insist = <T>(call: () => Promise<T>): Promise<T> =>
    eventually(() =>
      call().catch((error: { status?: number }) => {
        if (error.status !== 503) throw error;
        return undefined;
      }),
    );
  const { id: conversation } = await insist(() => conversations.create());
  const say = (input: string) =>
    responses.create({ model: 'smart', input, conversation }, { headers: { 'idempotency-key': input } });
  await insist(() => say('My account number is 4711.'));
  line.losesAnswers = true;
  await expect(say('What is my account number?')).rejects.toMatchObject({ status: 503 });
  line.cut();
  line.losesAnswers = false;
  // It had been announced, for two minutes, and is given back before anybody else comes.
  expect((await insist(() => say('What is my account number?'))).output_text).toBe('It is 4711.');
  expect(provider.prompts).toHaveLength(2);
});

it('a turn that the store could not take is written when it is back, and the next one waits for it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const redis = await startRedis({ dir });
  onTestFinished(() => redis.stop());
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], {
    store: { url: redis.url, timeout: '10s' },
    context: { enabled: true },
  });
  await send(gateway, [user('Hello.')]);
  const held = provider.hold('4711');
  const answering = send(gateway, [user('My account number is 4711.')]);
  await held.came;
  await redis.kill9();
  held.go();
  const answered = await answering;
  // It is there for its client, and not yet for anybody else: it has no version.
  expect([answered.status, answered.headers['x-context-version']]).toEqual([200, undefined]);
  await redis.restart();
  const next = await eventually(async () => {
    const answer = await send(gateway, [user('What is my account number?')]);
    return answer.status === 200 && answer;
  }, 20_000);
  expect(next.body.toString()).toContain('It is 4711.');
  expect(next.headers['x-context-version']).toBe('3');
  expect(
    await gateway.metric('gateway_context_operations_total', { op: 'write-behind', outcome: 'committed' }),
  ).toBe(1);
});

it.each([
  ['finish', 'complete', 'All of it.'],
  ['cancel', 'incomplete', 'All of'],
])('a client that leaves: with %s its turn is %s', async (onDisconnect, status, text) => {
  let goOn = (): void => undefined;
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('All of')}`);
    goOn = () => void response.end(`${word(' it.')}${STOP}${DONE}`);
  });
  const gateway = await aiGateway([provider], { context: { enabled: true, onDisconnect } });
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json', ...S1 };
  const asked = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, agent: false });
  asked.on('error', () => undefined);
  asked.end(JSON.stringify({ model: 'smart', stream: true, messages: [user('All of it!')] }));
  await new Promise<void>((resolve) => {
    asked.on('response', (response) => {
      let seen = '';
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes('All of')) resolve();
      });
    });
  });
  asked.destroy();
  await once(asked, 'close');
  if (onDisconnect === 'finish') setImmediate(goOn);
  const turn = await eventually(async () => {
    const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
    return (body.turns as { status: string; content: object }[] | undefined)?.[0];
  });
  expect(turn.status).toBe(status);
  expect(JSON.stringify(turn.content)).toContain(`"text":"${text}"`);
});

it('who leaves before anybody was asked is not answered: its turn has not taken place, and is free again', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const line = await unreliableLine(redis.port);
  onTestFinished(() => line.close());
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], {
    store: { url: `redis://127.0.0.1:${line.port}`, timeout: '10s' },
    context: { enabled: true, onDisconnect: 'finish' },
  });
  // Before that the store may not be there yet.
  const other = { 'x-session-id': 'other' };
  await eventually(async () => (await send(gateway, [user('Hello.')], other)).status === 200);
  const keyed = { ...S1, 'idempotency-key': 'k1' };
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json', ...keyed };
  let answer = (): void => undefined;
  line.answersAfter = new Promise((resolve) => {
    answer = resolve;
  });
  const asked = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, agent: false });
  asked.on('error', () => undefined);
  asked.end(JSON.stringify({ model: 'smart', messages: [user('Hello.')] }));
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  // It waits for what was said before.
  asked.destroy();
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  answer();
  line.answersAfter = undefined;
  const again = await eventually(async () => {
    const next = await send(gateway, [user('Hello.')], keyed);
    return next.status !== 409 && next;
  });
  expect([...statusOf(again), again.headers['x-context-version']]).toEqual([200, 'new', '1']);
  expect(provider.prompts).toHaveLength(2);
});

it('a call that is not kept waits for no store once it has read what was said', async () => {
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  await send(gateway, [user('My account number is 4711.')]);
  const release = vi.spyOn(LiveTurn.prototype, 'release').mockReturnValue(new Promise(() => undefined));
  onTestFinished(() => release.mockRestore());
  const answer = await send(gateway, [user('What is my account number?')], S1, { store: false });
  expect(answer.body.toString()).toContain('It is 4711.');
  expect(release).toHaveBeenCalledOnce();
});

it('says what it sends where the gateway would guess wrong', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  await send(gateway, [user('one')]);
  // All of a conversation that begins anew, although it looks like a new turn.
  const anew = await send(gateway, [user('two')], { ...S1, 'x-context-mode': 'full' });
  expect(statusOf(anew)).toEqual([200, 'forked']);
  expect(provider.prompts.at(-1)).toHaveLength(1);
  // A new turn, although it looks like all of it.
  const more = [said('By the way.'), user('three')];
  expect(statusOf(await send(gateway, more, { ...S1, 'x-context-mode': 'delta' }))).toEqual([200, 'hit']);
  expect(provider.prompts.at(-1)).toHaveLength(4);
  expect((await send(gateway, more, { ...S1, 'x-context-mode': 'some' })).status).toBe(400);
});

it('a conversation is answered once at a time: who comes meanwhile is told in the words of the SDK', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true },
  });
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  const held = provider.hold('slow');
  const slow = responses.create({ model: 'smart', input: 'slow', conversation });
  await held.came;
  await expect(responses.create({ model: 'smart', input: 'fast', conversation })).rejects.toMatchObject({
    status: 409,
    code: 'conversation_locked',
  });
  held.go();
  await slow;
  expect(provider.prompts).toHaveLength(1);
});

it('a turn that came too late for the version that it named is not in the way of the next one', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  await send(gateway, [user('Hello.')]);
  const [first, late] = [provider.hold('first'), provider.hold('late')];
  const answering = send(gateway, [user('first')]);
  await first.came;
  const exact = send(gateway, [user('late')], { ...S1, 'if-match': '1', 'idempotency-key': 'k1' });
  await late.came;
  first.go();
  expect((await answering).headers['x-context-version']).toBe('2');
  late.go();
  const refused = await exact;
  expect([refused.status, refused.headers['x-context-version']]).toEqual([409, '2']);
  const line = await lineOf(gateway, refused);
  expect(line).toMatchObject({ reason: 'conversation_locked', outcome: 'not_given' });
  const again = await send(gateway, [user('again')], { ...S1, 'if-match': '2', 'idempotency-key': 'k1' });
  expect([again.status, again.headers['x-context-version']]).toEqual([200, '3']);
});

it('who names the version that it has seen may say otherwise what went before, as long as nobody comes between', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  await send(gateway, [user('one')]);
  const log = (last: string) => [user('One.'), said('Yes.'), user('two'), said('Well.'), user(last)];
  const edited = await send(gateway, log('three'), { ...S1, 'if-match': '1' });
  expect([...statusOf(edited), edited.headers['x-context-version']]).toEqual([200, 'forked', '3']);
  // Who came between was there before the version was named, and would be off the path.
  const [first, late] = [provider.hold('first'), provider.hold('late')];
  const answering = send(gateway, [user('first')]);
  await first.came;
  const exact = send(gateway, [user('Uno.'), said('Yes.'), user('late')], { ...S1, 'if-match': '3' });
  await late.came;
  first.go();
  expect((await answering).status).toBe(200);
  late.go();
  expect((await exact).status).toBe(409);
});

it('a call that lives longer than its lease keeps its conversation, and its request, until it is answered', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true, lease: '300ms' },
  });
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  const [one, two] = [provider.hold('slow'), provider.hold('long')];
  const slow = () =>
    responses.create(
      { model: 'smart', input: 'slow', conversation },
      { headers: { 'idempotency-key': 'k1' } },
    );
  const answering = slow();
  const keyed = { ...S1, 'idempotency-key': 'k1' };
  const keyedAnswer = send(gateway, [user('long')], keyed);
  await Promise.all([one.came, two.came]);
  await sleep(700);
  const locked = { status: 409, code: 'conversation_locked' };
  await expect(responses.create({ model: 'smart', input: 'fast', conversation })).rejects.toMatchObject(
    locked,
  );
  await expect(slow()).rejects.toMatchObject(locked);
  expect((await send(gateway, [user('long')], keyed)).status).toBe(409);
  one.go();
  two.go();
  const answer = await answering;
  expect((await responses.retrieve(answer.id)).output_text).toBe(answer.output_text);
  expect((await keyedAnswer).headers['x-context-version']).toBe('1');
  expect(provider.prompts).toHaveLength(2);
});

it('nothing is put into a conversation, and nothing corrected, while somebody waits for an answer in it', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true },
  });
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  await responses.create({ model: 'smart', input: 'My account number is 4711.', conversation });
  const at = `/api/sessions/${conversation}`;
  const [turn] = (await admin(gateway, `${at}?consumer=app`)).body.turns as { id: string }[];
  const put = () =>
    conversations.items.create(conversation, {
      items: [{ type: 'message', role: 'user', content: 'My name is Ann.' }],
    });
  const correct = () =>
    admin(gateway, `${at}/corrections?consumer=app`, {
      body: { turn: turn?.id, text: 'It is 12.', reason: 'it was wrong' },
    });
  const held = provider.hold('What is my account number?');
  const answering = responses.create({ model: 'smart', input: 'What is my account number?', conversation });
  await held.came;
  const refused = await put().catch((error) => error);
  expect([refused.status, refused.code, refused.headers?.get('retry-after')]).toEqual([
    409,
    'conversation_locked',
    '1',
  ]);
  const late = await correct();
  expect([late.status, late.headers['retry-after']]).toEqual([409, '1']);
  held.go();
  // It is paid, and it is there.
  const answer = await answering;
  expect((await responses.retrieve(answer.id)).output_text).toBe('It is 4711.');
  await put();
  expect((await correct()).body).toEqual({ version: 4 });
});

it('operators find a user’s sessions by state; what was said is for those who may read it, and noted', async () => {
  const tokens = [
    { name: 'ola', token: 'reads-all', rights: ['read', 'write', 'content'] },
    { name: 'screen', token: 'reads-little', rights: ['read'] },
  ];
  const gateway = await aiGateway([await knowingProvider()], {
    context: { enabled: true },
    admin: { tokens },
  });
  for (const [who, session] of [
    ['ann', 'a1'],
    ['ann', 'a2'],
    ['bob', 'b1'],
  ] as const)
    await send(gateway, [user('My account number is 4711.')], { 'x-session-id': session }, { user: who });
  const as = (token: string, path: string, method = 'GET') => admin(gateway, path, { token, method });
  const ids = async (query: string) =>
    ((await as('reads-little', `/api/sessions?consumer=app&${query}`)).body.items as { id: string }[]).map(
      ({ id }) => id,
    );
  await as('reads-all', '/api/sessions/a1?consumer=app', 'DELETE');
  expect(await ids('user=ann')).toEqual(['a2', 'a1']);
  expect(await ids('user=ann&status=active')).toEqual(['a2']);
  expect(await ids('user=ann&status=erased')).toEqual(['a1']);
  // Page by page, also where names are as long as they may be.
  const long = ['c', 'd'].map((letter) => letter.repeat(256));
  for (const session of long)
    await send(gateway, [user('Hello.')], { 'x-session-id': session }, { user: 'cid' });
  const paged = '/api/sessions?consumer=app&user=cid&limit=1';
  const { body: first } = await as('reads-little', paged);
  const { body: rest } = await as('reads-little', `${paged}&after=${encodeURIComponent(String(first.next))}`);
  const found = [first, rest].flatMap(({ items }) => items as { id: string }[]);
  expect(found.map(({ id }) => id).sort()).toEqual(long);
  const [little, all] = [
    await as('reads-little', '/api/sessions/b1?consumer=app'),
    await as('reads-all', '/api/sessions/b1?consumer=app'),
  ];
  // Its digits alone may stand in a digest.
  expect(JSON.stringify(little.body)).not.toMatch(/account number|is 4711/);
  expect(JSON.stringify(all.body)).toContain('4711');
  expect((await as('reads-little', '/api/sessions/b1/export?consumer=app')).status).toBe(403);
  const { body } = await as('reads-all', '/api/audit');
  const readings = (body.items as { by: string; action: string; details: object }[]).filter(
    ({ action }) => action === 'getSession',
  );
  expect(readings).toMatchObject([{ by: 'ola', details: { consumer: 'app', session: 'b1' } }]);
});
