// What was said is sealed, and what is erased stays erased: through a restart, a replay, and a turn that was on its way.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openPrivacy } from '../../src/context/privacy/index.ts';
import { openStore } from '../../src/stores/index.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, type ChatAnswer, chat, errorOf, sdk } from '../helpers/ai.ts';
import type { TestGateway, TestGatewayOptions } from '../helpers/gateway.ts';
import { type KnowingProvider, knowingProvider } from '../helpers/knowing-provider.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { PATIENT_MS } from '../helpers/redis-store.ts';

const SECRET = 'a secret that nobody can guess';
const ask = (content: string, more: object = {}) => ({
  model: 'smart',
  messages: [{ role: 'user', content }],
  ...more,
});
const said = ({ body }: ChatAnswer): string =>
  (JSON.parse(body.toString()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';
const statusOf = ({ headers }: ChatAnswer) => headers['x-context-status'];

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const sealed = (
  provider: KnowingProvider,
  url: string,
  // Never in the config's own text, which the store keeps with each revision.
  privacy: object = { encryptWith: '${CONTEXT_KEY}' },
  options: TestGatewayOptions = {},
): Promise<TestGateway> =>
  aiGateway(
    [provider],
    { store: { url, timeout: '5s' }, context: { enabled: true, privacy } },
    {},
    { env: { CONTEXT_KEY: SECRET }, ...options },
  );

/** Only the consumer's key: its conversations stay where they are. */
async function destroyKey(url: string): Promise<void> {
  const store = await openStore(url, { commandTimeoutMs: PATIENT_MS });
  const settings = { redact: [], encryptWith: SECRET, decryptWith: [] };
  await openPrivacy(() => settings, store.documents, Date.now).destroy('app');
  await store.close();
}

it('a copy of Redis says nothing without the key, and a consumer that was erased stays so', async () => {
  const dir = await folder();
  const redis = await startRedis({ dir });
  onTestFinished(() => redis.stop());
  const provider = await knowingProvider();
  const gateway = await sealed(provider, redis.url);
  const say = (to: TestGateway, content: string, headers: object = {}) =>
    chat(to, ask(content, { user: 'anniversary-user' }), { 'x-session-id': 's1', ...headers });
  await say(gateway, 'My account number is 471108151923.');
  expect(said(await say(gateway, 'What is my account number?', { 'idempotency-key': 'k1' }))).toContain(
    '471108151923',
  );
  // The log of all that was ever written holds every byte.
  const files = await readdir(join(dir, 'appendonlydir'));
  const bytes = Buffer.concat(
    await Promise.all(files.map((name) => readFile(join(dir, 'appendonlydir', name)))),
  ).toString('latin1');
  expect(bytes).toContain('hypercare:c:');
  expect(
    ['471108151923', 'account', 'anniversary-user', SECRET].filter((word) => bytes.includes(word)),
  ).toEqual([]);
  // Who has the copy and another secret: nothing is answered as if there had been nothing.
  const thief = await sealed(provider, redis.url, { encryptWith: 'some other secret than that' });
  const guessed = await say(thief, 'What is my account number?');
  expect([guessed.status, errorOf(guessed).code]).toEqual([503, 'context_unavailable']);

  const held = provider.hold('One moment');
  const slow = say(gateway, 'One moment, my account number is 471108151923.');
  await held.came;
  const erased = await admin(gateway, '/api/context/app', { method: 'DELETE' });
  expect(erased.body).toEqual({ erased: 1, key: true });
  held.go();
  // It is answered, and has no place in any conversation.
  const late = await slow;
  expect([late.status, late.headers['x-context-version']]).toEqual([200, undefined]);
  expect((await admin(gateway, '/api/sessions/s1?consumer=app')).body).toMatchObject({
    state: 'erased',
    turns: [],
  });
  await gateway.close();
  await redis.restart();
  const next = await sealed(provider, redis.url);
  const replayed = await say(next, 'What is my account number?', { 'idempotency-key': 'k1' });
  expect([statusOf(replayed), said(replayed)]).toEqual(['reset', 'Please tell me your account number.']);
  expect(provider.prompts.at(-1)).toHaveLength(1);
  expect((await admin(next, '/api/audit')).body.items).toContainEqual(
    expect.objectContaining({
      action: 'eraseConsumer',
      details: { consumer: 'app', erased: 1, key: true },
    }),
  );
});

it('what was sealed with a key that is gone counts as erased, wherever a backup brought it back', async () => {
  const url = `sqlite:${join(await folder(), 'store.db')}`;
  let now = Date.now();
  const provider = await knowingProvider();
  const gateway = await sealed(provider, url, undefined, { now: () => now });
  const say = (content: string) => chat(gateway, ask(content), { 'x-session-id': 's1' });
  const one = await say('My account number is 471108151923.');
  expect(one.headers['x-context-version']).toBe('1');
  // The key goes; the conversation itself stays where it is.
  await destroyKey(url);
  now += 11_000;
  expect((await admin(gateway, '/api/sessions/s1?consumer=app')).body).toMatchObject({
    state: 'erased',
    turns: [],
  });
  const next = await say('What is my account number?');
  expect([statusOf(next), next.headers['x-context-version']]).toEqual(['reset', '1']);
  expect(said(next)).toBe('Please tell me your account number.');
  expect(await gateway.metric('gateway_context_continuity_total', { cause: 'erased' })).toBe(1);
  expect(statusOf(await say('And now?'))).toBe('hit');
});

it('what a client notes on a conversation is kept like what is said in it: redacted, sealed, and gone with its key', async () => {
  const file = join(await folder(), 'store.db');
  let now = Date.now();
  const privacy = { encryptWith: '${CONTEXT_KEY}', redact: ['email'] };
  const gateway = await sealed(await knowingProvider(), `sqlite:${file}`, privacy, { now: () => now });
  const { conversations } = sdk(gateway);
  const { id, metadata } = await conversations.create({ metadata: { of: 'ada@example.com', topic: 'roof' } });
  expect(metadata).toEqual({ of: '[EMAIL]', topic: 'roof' });
  await conversations.update(id, { metadata: { of: 'ada@example.com', topic: 'the cellar of hers' } });
  expect((await conversations.retrieve(id)).metadata).toEqual({ of: '[EMAIL]', topic: 'the cellar of hers' });
  const files = [file, `${file}-wal`].map((path) => readFile(path).catch(() => Buffer.alloc(0)));
  const bytes = Buffer.concat(await Promise.all(files)).toString('latin1');
  expect(bytes).toContain(id);
  expect(['ada@example.com', 'EMAIL', 'the cellar'].filter((said) => bytes.includes(said))).toEqual([]);
  await destroyKey(`sqlite:${file}`);
  now += 11_000;
  await expect(conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

it('what a person said before anything was sealed is still theirs afterwards', async () => {
  const provider = await knowingProvider();
  const gateway = await sealed(provider, `sqlite:${join(await folder(), 'store.db')}`, {});
  const say = (user: string, messages: object[]) =>
    chat(gateway, { model: 'smart', user, messages }, { 'x-session-id': 's1' });
  const log: object[] = [{ role: 'user', content: 'My account number is 471108151923.' }];
  log.push({ role: 'assistant', content: said(await say('ann', log)) });
  const text = await readFile(gateway.file, 'utf8');
  const changed = text.replace(/privacy: .*/, 'privacy: { encryptWith: a secret that nobody can guess }');
  await writeFile(gateway.file, changed);
  expect(await gateway.reload()).toBe(true);
  expect((await say('bob', log)).status).toBe(404);
  // Also on the first page, though nothing is under the name that they stand by today.
  const sessions = await admin(gateway, '/api/sessions?consumer=app&user=ann&limit=10');
  expect(sessions.body).toEqual({ items: [expect.objectContaining({ id: 's1', version: 1 })] });
  // Sent whole or not: it goes on where it was.
  log.push({ role: 'user', content: 'What is my account number?' });
  const whole = await say('ann', log);
  expect([statusOf(whole), said(whole)]).toEqual(['hit', 'It is 471108151923.']);
  expect(statusOf(await say('ann', log.slice(2)))).toBe('hit');
  const erased = await admin(gateway, '/api/sessions?consumer=app&user=ann', { method: 'DELETE' });
  expect(erased.body).toEqual({ erased: 1 });
});

it('a person’s conversations are exported and erased, also after the secret was changed', async () => {
  const provider = await knowingProvider();
  const gateway = await sealed(provider, `sqlite:${join(await folder(), 'store.db')}`);
  const say = (user: string, session: string, messages: object[]) =>
    chat(gateway, { model: 'smart', user, messages }, { 'x-session-id': session });
  const first = [{ role: 'user', content: 'My account number is 471108151923.' }];
  const answer = await say('ann', 'a1', first);
  await say('ann', 'a2', first);
  await say('bob', 'b1', first);
  const text = await readFile(gateway.file, 'utf8');
  const changed = text.replace(
    /encryptWith: .*/,
    () => `encryptWith: the secret of the next year\n    decryptWith: [${SECRET}]`,
  );
  await writeFile(gateway.file, changed);
  expect(await gateway.reload()).toBe(true);
  // Neither who it belongs to nor what was said is measured by the secret.
  const log = [...first, { role: 'assistant', content: said(answer) }, ...first];
  const next = await say('ann', 'a1', log);
  expect([statusOf(next), next.headers['x-context-version']]).toEqual(['hit', '2']);
  const path = '/api/context/app/export?user=ann&limit=1';
  const page = (await admin(gateway, path)).body;
  const more = (await admin(gateway, `${path}&after=${encodeURIComponent(page.next)}`)).body;
  expect([...page.items, ...more.items].map(({ id }) => id).sort()).toEqual(['a1', 'a2']);
  expect(JSON.stringify(page.items)).toContain('471108151923');
  const gone = await admin(gateway, '/api/sessions?consumer=app&user=ann', { method: 'DELETE' });
  expect(gone.body).toEqual({ erased: 2 });
  // Whose they were is not kept by who erases them, either.
  const { items } = (await admin(gateway, '/api/audit?limit=1')).body;
  const details = { consumer: 'app', erased: 2, user: expect.stringMatching(/^[0-9a-f]{16,}$/) as string };
  expect(items).toMatchObject([{ action: 'eraseSessionsOfUser', details }]);
  expect(items[0].path).toBe('/api/sessions?consumer=…&user=…');
  expect(gateway.lines.filter((line) => JSON.stringify(line).includes('user=ann'))).toEqual([]);
  expect(statusOf(await say('bob', 'b1', first))).toBe('hit');
  expect((await admin(gateway, '/api/context/app/rotate', { method: 'POST' })).body).toEqual({
    rotated: true,
  });
  expect(statusOf(await say('bob', 'b1', first))).toBe('hit');
  expect(statusOf(await say('ann', 'a1', first))).toBe('reset');
});

it('what is given out of a conversation has its summary and its client’s notes, for who may read what was said', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: {
      enabled: true,
      compaction: { window: 1200, verbatimTurns: 1 },
      privacy: { encryptWith: SECRET },
    },
    admin: {
      tokens: [
        { name: 'ola', token: 'reads-all', rights: ['read', 'content'] },
        { name: 'screen', token: 'reads-little', rights: ['read'] },
      ],
    },
  });
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create({ metadata: { topic: 'a lost parcel' } });
  const say = (input: string) =>
    responses.create({ model: 'smart', max_output_tokens: 100, input, conversation, user: 'ann' });
  await say('My account number is 471108151923.');
  for (let at = 0; at < 30; at++) await say(`Topic ${at}: ${'words of no weight '.repeat(8)}`);
  const read = async (path: string, token = 'reads-all') => (await admin(gateway, path, { token })).body;
  const one = `/api/sessions/${conversation}`;
  const whole = {
    metadata: { topic: 'a lost parcel' },
    summary: { text: expect.stringContaining('471108151923') },
  };
  expect(await read(`${one}?consumer=app&limit=1`)).toMatchObject(whole);
  expect(await read(`${one}/journey?consumer=app&limit=1`)).toMatchObject(whole);
  expect(await read(`${one}/export?consumer=app`)).toMatchObject(whole);
  expect((await read('/api/context/app/export?user=ann')).items).toMatchObject([whole]);
  const little = await read(`${one}?consumer=app&limit=1`, 'reads-little');
  expect(little.summary).toMatchObject({ epoch: expect.any(Number), tokens: expect.any(Number) });
  expect(JSON.stringify(little)).not.toMatch(/parcel|account number/);
});

it('a correction counts also where what it corrects has become part of a summary, and says why in the journey', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 1200, verbatimTurns: 1 } },
  });
  const say = (content: string) => chat(gateway, ask(content, { max_tokens: 100 }), { 'x-session-id': 's1' });
  await say('My account number is 471108151923.');
  for (let at = 0; at < 30; at++) await say(`Topic ${at}: ${'words of no weight '.repeat(8)}`);
  const session = '/api/sessions/s1';
  const { turns, next } = (await admin(gateway, `${session}/journey?consumer=app&limit=5`)).body;
  expect([turns.length, next]).toEqual([5, 5]);
  expect(turns[1]).toMatchObject({
    before: { version: 1, turns: 1 },
    after: { version: 2, turns: 2 },
    context: { sent: [1], cut: [], epoch: 0 },
    why: ['All 1 turns before it fit.'],
  });
  const last = (await admin(gateway, `${session}/journey?consumer=app&after=30`)).body.turns;
  expect(last[0].why[0]).toMatch(/^The turns up to version \d+ are in the summary of epoch \d+\.$/);
  const body = { turn: turns[0].id, text: 'It is 1234, not what you said.', reason: 'a slip' };
  await admin(gateway, `${session}/corrections?consumer=app`, { body });
  await say('And now?');
  const prompt = JSON.stringify(provider.prompts.at(-1));
  expect(prompt).toContain('It is 1234');
});

it('a correction counts where its turn is in a summary also for who goes on from the response before it', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true, compaction: { window: 1200, verbatimTurns: 1 } },
  });
  const { responses } = sdk(gateway);
  const say = async (input: string, after?: string) =>
    (
      await responses.create({
        ...{ model: 'smart', max_output_tokens: 100, input },
        previous_response_id: after ?? null,
      })
    ).id;
  let last = await say('My account number is 471108151923.');
  for (let at = 0; at < 30; at++) last = await say(`Topic ${at}: ${'words of no weight '.repeat(8)}`, last);
  const [item] = (await admin(gateway, '/api/sessions?consumer=app')).body.items as { id: string }[];
  const session = `/api/sessions/${item?.id}`;
  const { turns } = (await admin(gateway, `${session}?consumer=app&limit=1`)).body;
  const body = { turn: turns[0].id, text: 'It is 1234, not what you said.', reason: 'a slip' };
  await admin(gateway, `${session}/corrections?consumer=app`, { body });
  for (const question of ['And now?', 'And then?']) {
    last = await say(question, last);
    const [summary] = provider.prompts.at(-1) ?? [];
    expect(summary?.content).toContain('said earlier in this conversation');
    expect(summary?.content).toContain('It is 1234, not what you said.');
  }
});

it('who deletes what a person has corrected deletes the correction with it, whole or item by item', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true },
  });
  const { responses, conversations } = sdk(gateway);
  const input = 'My account number is 4711.';
  const reason = 'the customer said that he had mistyped it';
  const correct = async (session: string) => {
    const path = `/api/sessions/${session}`;
    const [turn] = (await admin(gateway, `${path}?consumer=app`)).body.turns as { id: string }[];
    const body = { turn: turn?.id, text: 'I know it.', reason };
    expect((await admin(gateway, `${path}/corrections?consumer=app`, { body })).status).toBe(200);
  };
  const isLeft = async (session: string) => {
    const { body } = await admin(gateway, `/api/sessions/${session}/export?consumer=app`);
    return [input, reason].some((words) => JSON.stringify(body).includes(words));
  };
  const lastPrompt = () => provider.prompts.at(-1)?.map(({ content }) => content);

  const headers = { 'x-session-id': 's1' };
  const one = await responses.create({ model: 'smart', input }, { headers });
  await correct('s1');
  expect(await isLeft('s1')).toBe(true);
  await responses.delete(one.id);
  await responses.create({ model: 'smart', input: 'And now?' }, { headers });
  expect([lastPrompt(), await isLeft('s1')]).toEqual([['And now?'], false]);

  const { id } = await conversations.create();
  await responses.create({ model: 'smart', input, conversation: id });
  const listed = async () => (await conversations.items.list(id, { order: 'asc' })).data;
  const ids = (await listed()).map((item) => item.id as string);
  await correct(id);
  // What the client knows by an id it knows by it still.
  const corrected = await listed();
  expect(corrected.map((item) => item.id)).toEqual(ids);
  expect(corrected[1]).toMatchObject({ role: 'assistant', content: [{ text: 'I know it.' }] });
  await conversations.items.delete(ids[0] as string, { conversation_id: id });
  await responses.create({ model: 'smart', input: 'And now?', conversation: id });
  expect([lastPrompt(), await isLeft(id)]).toEqual([['I know it.', 'And now?'], false]);
  await conversations.items.delete(ids[1] as string, { conversation_id: id });
  expect(await listed()).toHaveLength(2);
  await responses.create({ model: 'smart', input: 'Still?', conversation: id });
  expect(lastPrompt()).toEqual(['And now?', 'I have read 2 messages.', 'Still?']);
});

it.each([
  'memory:',
  'Redis',
])('what a user said in a conversation of the consumer’s own is given out and erased with the rest, in %s', async (where) => {
  let url = where;
  if (where === 'Redis') {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    ({ url } = redis);
  }
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    store: { url, timeout: '5s' },
    context: { enabled: true },
  });
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  const input = 'My account number is 4711.';
  await responses.create({ model: 'smart', input, conversation, user: 'ann' });
  await chat(gateway, ask('Hello.'), { 'x-session-id': 's1' });
  await chat(gateway, ask('My account number is 12.', { user: 'ann' }), { 'x-session-id': 's1' });
  const all = '/api/sessions?consumer=app&user=ann';
  expect((await admin(gateway, all)).body.items).toHaveLength(2);
  const exported = JSON.stringify((await admin(gateway, '/api/context/app/export?user=ann')).body);
  for (const said of ['is 4711', 'is 12']) expect(exported).toContain(said);
  expect((await admin(gateway, '/api/sessions?consumer=app&user=bob')).body.items).toEqual([]);
  expect((await admin(gateway, all, { method: 'DELETE' })).body).toEqual({ erased: 2 });
  await expect(conversations.retrieve(conversation)).rejects.toMatchObject({ status: 404 });
  const after = await chat(gateway, ask('What is my account number?'), { 'x-session-id': 's1' });
  expect([statusOf(after), said(after)]).toEqual(['reset', expect.stringContaining('Please tell me')]);
});

it('what two take out of one turn at once is gone, all of it', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  for (const store of [{}, { url: redis.url, timeout: '5s' }]) {
    const provider = { kind: 'deepseek', baseUrl: `${(await knowingProvider()).url}/v1` };
    const gateway = await aiGateway([provider], { context: { enabled: true }, store });
    const { responses, conversations } = sdk(gateway);
    const { id } = await conversations.create();
    const words = ['My account number is 4711.', 'My cat is called Ada.', 'My town is Oslo.'];
    const input = words.map((content) => ({ role: 'user' as const, content }));
    await responses.create({ model: 'smart', input, conversation: id });
    const listed = async () => (await conversations.items.list(id, { order: 'asc' })).data;
    const ids = (await listed()).map((item) => item.id as string);
    await Promise.all(
      ids.slice(0, 3).map((item) => conversations.items.delete(item, { conversation_id: id })),
    );
    expect((await listed()).map((item) => item.id)).toEqual(ids.slice(3));
  }
});

it('nothing follows a response that was deleted', async () => {
  const provider = { kind: 'deepseek', baseUrl: `${(await knowingProvider()).url}/v1` };
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const { responses } = sdk(gateway);
  const one = await responses.create({ model: 'smart', input: 'My account number is 4711.' });
  const follow = (id: string) =>
    responses.create({ model: 'smart', input: 'And?', previous_response_id: id });
  const two = await follow(one.id);
  await responses.delete(one.id);
  const unknown = { status: 404, param: 'previous_response_id' };
  await expect(follow(one.id)).rejects.toMatchObject(unknown);
  // What was said behind it stays.
  expect((await follow(two.id)).status).toBe('completed');
});
