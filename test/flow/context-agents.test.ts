// An agent names one session for all that it asks, and sends all of what it asks about: its conversation, and beside that
// the tasks of its sub-agents, titles and summaries, each of which knows nothing of the others.
import { expect, it, onTestFinished, vi } from 'vitest';
import { SqliteSessions } from '../../src/stores/sqlite/sessions.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { causes, S1, said, send, statusOf, user } from '../helpers/talk.ts';

const ON = { context: { enabled: true } };
const AGENT = { 'x-claude-code-session-id': 'a' };
const ACCOUNT = user('My account number is 4711.');
const QUESTION = user('What is my account number?');

it.each([
  'x-claude-code-session-id',
  'session-id',
  'session_id',
  'conversation_id',
  'x-opencode-session',
  'x-litellm-session-id',
  'helicone-session-id',
])('a session is named by the header %s, and its conversation is what was sent', async (header) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const named = { [header]: 'a' };
  const first = await send(gateway, [ACCOUNT], named);
  expect([first.headers['x-context-session'], statusOf(first)]).toEqual(['a', [200, 'new']]);
  const log = [ACCOUNT, said('I have read 1 messages.'), QUESTION];
  const next = await send(gateway, log, named);
  expect([next.headers['x-context-session'], statusOf(next)]).toEqual(['a', [200, 'hit']]);
  await send(gateway, [QUESTION], named);
  expect(provider.prompts.slice(1)).toEqual([log, [QUESTION]]);
  // Named by itself, its client says what it wants.
  expect(statusOf(await send(gateway, [ACCOUNT], { ...named, ...S1 }))).toEqual([200, 'new']);
  expect((await send(gateway, [QUESTION], { ...named, ...S1 })).body.toString()).toContain('It is 4711.');
});

it('what an agent names in a header of anybody’s as well is an agent’s', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  // As OpenCode, Kilo and Crush do.
  const named = { 'x-session-affinity': 'a', 'x-session-id': 'a' };
  await send(gateway, [ACCOUNT], named);
  const title = await send(gateway, [QUESTION], named);
  expect([title.headers['x-context-session'], statusOf(title)]).toEqual(['a', [200, 'new']]);
  expect(provider.prompts.at(-1)).toEqual([QUESTION]);
  // Whoever chooses a server by the one and a conversation by the other is no agent.
  const other = { ...named, 'x-session-affinity': 'b' };
  const next = await send(gateway, [QUESTION], { ...other, 'x-context-mode': 'auto' });
  expect([statusOf(next), provider.prompts.at(-1)?.length]).toEqual([[200, 'hit'], 3]);
  expect(statusOf(await send(gateway, [QUESTION], other))).toEqual([200, 'hit']);
});

it('x-session-affinity alone is OpenCode’s where it says so, and to all others chooses a server', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const named = { 'x-session-affinity': 'a' };
  const stateless = await send(gateway, [ACCOUNT], { ...named, 'user-agent': 'langchain/1.0' });
  expect(stateless.headers['x-context-session']).toBeUndefined();
  const openCode = { ...named, 'user-agent': 'opencode/1.3.0 ai-sdk/openai-compatible/2.0.0' };
  for (const message of [ACCOUNT, QUESTION]) {
    const answer = await send(gateway, [message], openCode);
    expect([answer.headers['x-context-session'], statusOf(answer)]).toEqual(['a', [200, 'new']]);
    expect(provider.prompts.at(-1)).toEqual([message]);
  }
});

it.each([
  ['session-id', 'thread-id'],
  ['session_id', 'thread_id'],
])('a thread of Codex that another has started has a session of its own (%s, %s)', async (session, thread) => {
  const gateway = await aiGateway([await knowingProvider()], ON);
  const names: unknown[] = [];
  for (const id of ['a', 'b']) {
    const answer = await send(gateway, [ACCOUNT], { [session]: 'a', [thread]: id });
    names.push(decodeURIComponent(String(answer.headers['x-context-session'])), statusOf(answer));
  }
  expect(names).toEqual(['a', [200, 'new'], 'a:b', [200, 'new']]);
  // It names nothing by itself.
  const stateless = await send(gateway, [QUESTION], { [thread]: 'b' });
  expect(stateless.headers['x-context-session']).toBeUndefined();
});

it('x-conversation-id is no agent’s: one who sends only what is new is remembered', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const named = { 'x-conversation-id': 'c' };
  await send(gateway, [ACCOUNT], named);
  const next = await send(gateway, [QUESTION], named);
  expect([next.headers['x-context-session'], statusOf(next)]).toEqual(['c', [200, 'hit']]);
  expect(next.body.toString()).toContain('It is 4711.');
});

it('what an agent asks beside its conversation is asked as it was sent, and both go on', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  await send(gateway, [ACCOUNT], AGENT);
  const task = await send(gateway, [QUESTION], AGENT);
  expect(statusOf(task)).toEqual([200, 'new']);
  expect(task.body.toString()).toContain('Please tell me your account number.');
  const main = [ACCOUNT, said('I have read 1 messages.'), QUESTION];
  const side = [QUESTION, said('Please tell me your account number.'), user('Look it up.')];
  for (const log of [main, side]) expect(statusOf(await send(gateway, log, AGENT))).toEqual([200, 'hit']);
  expect(provider.prompts.slice(1)).toEqual([[QUESTION], main, side]);
  expect(await causes(gateway, 'hash_mismatch')).toBe(0);
  // It goes back in its conversation, and says otherwise what came then.
  const back = [ACCOUNT, said('I have read 1 messages.'), user('Never mind.')];
  expect(statusOf(await send(gateway, back, AGENT))).toEqual([200, 'forked']);
  // One that sends only what is new says so.
  const delta = await send(gateway, [QUESTION], { ...AGENT, 'x-context-mode': 'delta' });
  expect([...statusOf(delta), provider.prompts.at(-1)?.length]).toEqual([200, 'hit', 5]);
});

it('in Anthropic’s words as well', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const ask = (messages: object[]) =>
    chat(gateway, { model: 'smart', max_tokens: 100, messages }, AGENT, '/v1/messages');
  await ask([ACCOUNT]);
  await ask([QUESTION]);
  const main = [ACCOUNT, said('I have read 1 messages.'), QUESTION];
  expect(statusOf(await ask(main))).toEqual([200, 'hit']);
  expect(provider.prompts.map(({ length }) => length)).toEqual([1, 1, 3]);
});

it('what an agent asks at once does not follow one another', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const held = provider.hold('My account number is 4711.');
  const answering = send(gateway, [ACCOUNT], AGENT);
  await held.came;
  await send(gateway, [user('A title!')], AGENT);
  held.go();
  expect((await answering).headers['x-context-stale-base']).toBeUndefined();
  const main = [ACCOUNT, said('I have read 1 messages.'), QUESTION];
  expect(statusOf(await send(gateway, main, AGENT))).toEqual([200, 'hit']);
  const title = [user('A title!'), said('I have read 1 messages.'), user('A shorter one!')];
  expect(statusOf(await send(gateway, title, AGENT))).toEqual([200, 'hit']);
  const { body } = await admin(gateway, '/api/sessions/a?consumer=app');
  expect(body.version).toBe(4);
});

it('nor where the log of one is stored in two parts', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const { commit } = SqliteSessions.prototype;
  const spy = vi.spyOn(SqliteSessions.prototype, 'commit').mockImplementation(async function (
    this: SqliteSessions,
    ...all
  ) {
    const committed = await commit.apply(this, all);
    if (all[1].turn.kind === 'items') await send(gateway, [user('A title!')], AGENT);
    return committed;
  });
  onTestFinished(() => spy.mockRestore());
  const log = [ACCOUNT, said('I see.'), user('And now?')];
  expect(statusOf(await send(gateway, log, AGENT))).toEqual([200, 'new']);
  const next = [...log, said('I have read 3 messages.'), QUESTION];
  expect(statusOf(await send(gateway, next, AGENT))).toEqual([200, 'hit']);
  expect(provider.prompts).toEqual([log, [user('A title!')], next]);
});

it('a long conversation is compacted as ever, and what is asked beside it is not', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 1500 } } });
  const log: object[] = [];
  const tell = async (message: object) => {
    log.push(message);
    const answer = await send(gateway, log, AGENT, { max_tokens: 200 });
    const { choices } = JSON.parse(answer.body.toString()) as { choices: [{ message: { content: string } }] };
    log.push(said(choices[0].message.content));
    return [...statusOf(answer), choices[0].message.content];
  };
  await tell(ACCOUNT);
  for (let turn = 2; turn <= 40; turn++) {
    await tell(user(`Tell me about topic ${turn}. ${'words of no weight '.repeat(8)}`));
    if (turn % 4 > 0) continue;
    await send(gateway, [QUESTION], AGENT);
    expect(provider.prompts.at(-1)).toEqual([QUESTION]);
  }
  const isCompacted = async () =>
    (await gateway.metric('gateway_context_compactions_total', { outcome: 'by_facts' })) >= 1;
  await eventually(isCompacted);
  const sizes = provider.prompts.map((prompt) => JSON.stringify(prompt).length / 4);
  expect(Math.max(...sizes)).toBeLessThan(1500);
  expect(await tell(QUESTION)).toEqual([200, 'hit', 'It is 4711.']);
});

it('a sub-agent that Claude Code names has a session of its own', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  await send(gateway, [ACCOUNT], AGENT);
  const task = await send(gateway, [QUESTION], { ...AGENT, 'x-claude-code-agent-id': 'b' });
  expect([decodeURIComponent(String(task.headers['x-context-session'])), ...statusOf(task)]).toEqual([
    'a:b',
    200,
    'new',
  ]);
  expect(provider.prompts.at(-1)).toEqual([QUESTION]);
  const { body } = await admin(gateway, '/api/sessions?consumer=app');
  expect((body.items as { id: string }[]).map(({ id }) => id).sort()).toEqual(['a', 'a:b']);
  // Without the session's name it names nothing.
  const stateless = await send(gateway, [QUESTION], { 'x-claude-code-agent-id': 'b' });
  expect(stateless.headers['x-context-session']).toBeUndefined();
});

it('a sub-agent is held to the caps of who has started it', async () => {
  const config = { ...ON, ai: { loops: { maxCalls: 2, per: '1h' } } };
  const gateway = await aiGateway([await knowingProvider()], config);
  const statuses: number[] = [];
  for (const agent of ['b', 'c', 'd']) {
    const headers = { ...AGENT, 'x-claude-code-agent-id': agent };
    statuses.push((await send(gateway, [QUESTION], headers)).status);
  }
  expect(statuses).toEqual([200, 200, 429]);
});
