// Two clients that each send all of a conversation go on with it at once: neither has what the other says, and none of it is lost.
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway } from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';
import { type KnowingProvider, knowingProvider } from '../helpers/knowing-provider.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { send, statusOf, user } from '../helpers/talk.ts';

const FORKED = [200, 'forked'];
const HIT = [200, 'hit'];

async function storeOf(kind: string): Promise<object> {
  if (kind !== 'Redis') return {};
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return { store: { url: redis.url, timeout: '5s' } };
}

/** Says it behind all that this client knows of; its log grows by it and by the answer. */
async function say(gateway: TestGateway, log: object[], text: string): Promise<unknown[]> {
  log.push(user(text));
  const answer = await send(gateway, log);
  const { choices } = JSON.parse(answer.body.toString()) as { choices: { message: object }[] };
  log.push(choices[0]?.message as object);
  return statusOf(answer);
}

/** The logs of two that have spoken at once behind a first exchange: of Ann, who was answered first, and of Bob. */
async function speakAtOnce(gateway: TestGateway, provider: KnowingProvider, bobs = 'I am Bob.') {
  const ann: object[] = [];
  await say(gateway, ann, 'Hello.');
  const bob = [...ann];
  const held = provider.hold(bobs);
  const later = say(gateway, bob, bobs);
  await held.came;
  expect(await say(gateway, ann, 'I am Ann.')).toEqual(HIT);
  held.go();
  expect(await later).toEqual(HIT);
  return { ann, bob };
}

/** What was said by users, in the order of commits. */
async function storedIn(gateway: TestGateway): Promise<string[]> {
  const { body } = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  const turns = body.turns as {
    content: { messages: { role: string; content: { text: string }[] }[] };
  }[];
  const messages = turns.flatMap(({ content }) => content.messages);
  return messages.flatMap(({ role, content }) => (role === 'user' ? content.map(({ text }) => text) : []));
}

const lastPrompt = ({ prompts }: KnowingProvider): unknown[] =>
  (prompts.at(-1) ?? []).flatMap(({ role, content }) => (role === 'user' ? [content] : []));

it.each([
  ['last', 'SQLite'],
  ['last', 'Redis'],
  ['first', 'SQLite'],
  ['first', 'Redis'],
])('whoever was answered %s goes on behind both, and nothing is stored twice (%s)', async (which, kind) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true }, ...(await storeOf(kind)) });
  const { ann, bob } = await speakAtOnce(gateway, provider);
  const both = [...ann, ...bob.slice(2)];
  const [log, other] = which === 'last' ? [bob, ann] : [ann, bob];
  for (const text of ['Who is there?', 'And now?']) {
    expect(await say(gateway, log, text)).toEqual(HIT);
    expect(provider.prompts.at(-1)).toEqual([...both, ...log.slice(4, -1)]);
  }
  const stored = ['Hello.', 'I am Ann.', 'I am Bob.', 'Who is there?', 'And now?'];
  expect(await storedIn(gateway)).toEqual(stored);
  // What came since could be what the other takes back: then each goes on by itself.
  expect(await say(gateway, other, 'Where was I?')).toEqual(FORKED);
  expect(lastPrompt(provider)).toEqual([...stored.slice(0, which === 'last' ? 2 : 3), 'Where was I?']);
  expect(await say(gateway, log, 'Still there?')).toEqual(FORKED);
  expect(lastPrompt(provider)).toEqual([...stored, 'Still there?']);
  expect(await storedIn(gateway)).toEqual([...stored, 'Where was I?', 'Still there?']);
});

it.each([
  'SQLite',
  'Redis',
])('whoever goes on while another says otherwise what came before stays behind their own words (%s)', async (kind) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true }, ...(await storeOf(kind)) });
  const ann: object[] = [];
  await say(gateway, ann, 'Hello.');
  const bob = [...ann];
  await say(gateway, ann, 'I am Ann.');
  const held = provider.hold('Who is there?');
  const later = say(gateway, ann, 'Who is there?');
  await held.came;
  expect(await say(gateway, bob, 'I am Bob.')).toEqual(FORKED);
  held.go();
  expect(await later).toEqual(HIT);
  expect(await say(gateway, ann, 'And now?')).toEqual(HIT);
  expect(provider.prompts.at(-1)).toEqual(ann.slice(0, -1));
  expect(await say(gateway, bob, 'Still there?')).toEqual(FORKED);
  expect(provider.prompts.at(-1)).toEqual(bob.slice(0, -1));
  const stored = ['Hello.', 'I am Ann.', 'I am Bob.', 'Who is there?', 'And now?', 'Still there?'];
  expect(await storedIn(gateway)).toEqual(stored);
});

it('whoever comes later, and has nothing of what was said before, goes on behind it when another has spoken since', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const ann: object[] = [];
  await say(gateway, ann, 'I am Ann.');
  const eve: object[] = [];
  expect(await say(gateway, eve, 'I am Eve.')).toEqual(HIT);
  expect(statusOf(await send(gateway, [user('I am Bob.')]))).toEqual(HIT);
  expect(await say(gateway, eve, 'Who is there?')).toEqual(FORKED);
  expect(provider.prompts.at(-1)).toEqual([...ann, ...eve.slice(0, -1)]);
  expect(await say(gateway, eve, 'And now?')).toEqual(HIT);
  expect(provider.prompts.at(-1)).toEqual([...ann, ...eve.slice(0, -1)]);
  expect(await storedIn(gateway)).toEqual([
    'I am Ann.',
    'I am Eve.',
    'I am Bob.',
    'Who is there?',
    'And now?',
  ]);
});

it('of what both have said all is cut where it does not fit, also what whoever asks has sent', async () => {
  const provider = await knowingProvider();
  // Nothing is ever due: a summary would come too late.
  const compaction = { window: 900, trigger: '100%', target: '90%' };
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction } });
  const { ann } = await speakAtOnce(gateway, provider);
  const long = 'words of no weight '.repeat(250);
  await say(gateway, ann, long);
  expect(provider.prompts.at(-1)).toEqual([user(long)]);
});

it('a result comes behind what another has said since the call', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const { bob } = await speakAtOnce(gateway, provider, 'Bob’s weather?');
  const result = { role: 'tool', tool_call_id: 'call_1', content: 'sunny' };
  expect(statusOf(await send(gateway, [...bob, result]))).toEqual(HIT);
  expect(provider.prompts.at(-1)?.slice(-2)).toMatchObject([{ tool_calls: [{ id: 'call_1' }] }, result]);
  expect(await storedIn(gateway)).toEqual(['Hello.', 'I am Ann.', 'Bob’s weather?']);
});

it('whoever goes back behind what was said at once, and says it otherwise, leaves it', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const { ann, bob } = await speakAtOnce(gateway, provider);
  await say(gateway, bob, 'Who is there?');
  expect(await say(gateway, bob.slice(0, 4), 'Where am I?')).toEqual(FORKED);
  expect(lastPrompt(provider)).toEqual(['Hello.', 'I am Ann.', 'I am Bob.', 'Where am I?']);
  expect(await say(gateway, ann.slice(0, 2), 'I am Anna.')).toEqual(FORKED);
  expect(lastPrompt(provider)).toEqual(['Hello.', 'I am Anna.']);
});
