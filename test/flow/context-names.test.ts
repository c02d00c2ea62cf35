// A body that names its conversation: the name is for the gateway, and providers refuse it.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, rawProvider, sdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { S1, said, send, statusOf, user } from '../helpers/talk.ts';

const ON = { context: { enabled: true } };
const HELLO = user('Hello.');

/** A provider that says `Yes.` in the format that it is asked in, and what it was sent. */
async function yes() {
  const provider = await rawProvider((response, { body }) => {
    const { max_tokens: isMessage } = JSON.parse(body.toString());
    const answer = isMessage
      ? {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [{ type: 'text', text: 'Yes.' }],
          stop_reason: 'end_turn',
          usage: { input_tokens: 1, output_tokens: 1 },
        }
      : { id: 'c', choices: [{ message: { content: 'Yes.' }, finish_reason: 'stop' }] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  const last = () => JSON.parse(String(provider.taken.at(-1)?.body)) as Record<string, unknown>;
  return { provider, last };
}

it('a session that metadata name is one, and its provider hears nothing of it', async () => {
  const { provider, last } = await yes();
  const gateway = await aiGateway([provider], ON);
  const ask = (messages: object[], more: object = {}) =>
    send(gateway, messages, {}, { metadata: { session_id: 'e' }, ...more });
  const first = await ask([HELLO]);
  expect([first.headers['x-context-session'], statusOf(first)]).toEqual(['e', [200, 'new']]);
  expect(last()).toEqual({ model: 'gpt-4o-mini', messages: [HELLO] });
  expect(statusOf(await ask([user('And now?')]))).toEqual([200, 'hit']);
  expect(last()).toEqual({ model: 'gpt-4o-mini', messages: [HELLO, said('Yes.'), user('And now?')] });
  // What else the client notes is its own affair.
  await ask([user('And?')], { metadata: { session_id: 'e', team: 'blue' } });
  expect(last().metadata).toEqual({ team: 'blue' });
  await ask([user('Once more.')], { metadata: { session_id: 'none' }, store: false });
  expect(last()).toEqual({ model: 'gpt-4o-mini', messages: [user('Once more.')], store: false });
});

it('what a header names leaves the body as it came', async () => {
  const { provider, last } = await yes();
  const gateway = await aiGateway([provider], ON);
  const metadata = { session_id: 'e' };
  const answer = await send(gateway, [HELLO], S1, { metadata });
  expect([answer.headers['x-context-session'], last().metadata]).toEqual(['s1', metadata]);
});

it('a conversation that chat completions name, or a response that they follow, is not told either', async () => {
  const { provider, last } = await yes();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON);
  const { conversations, responses } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  expect(statusOf(await send(gateway, [HELLO], {}, { conversation }))).toEqual([200, 'new']);
  expect(last()).toEqual({ model: 'gpt-4o-mini', messages: [HELLO] });
  const { id } = await responses.create({ model: 'smart', input: 'Hello.' });
  await send(gateway, [user('And now?')], {}, { previous_response_id: id });
  expect(Object.keys(last()).sort()).toEqual(['messages', 'model']);
});

it('messages that name a session are answered by whoever is asked', async () => {
  const { provider, last } = await yes();
  const metadata = { session_id: 'e', user_id: 'ann' };
  const ask = { model: 'smart', max_tokens: 100, messages: [HELLO], metadata };
  const native = await aiGateway([{ kind: 'anthropic', baseUrl: provider.url }], ON);
  const answer = await chat(native, ask, {}, '/v1/messages');
  expect([answer.headers['x-context-session'], statusOf(answer)]).toEqual(['e', [200, 'new']]);
  expect(last()).toEqual({ ...ask, model: 'gpt-4o-mini', metadata: { user_id: 'ann' } });
  const other = await aiGateway([await knowingProvider()], ON);
  expect(statusOf(await chat(other, ask, {}, '/v1/messages'))).toEqual([200, 'new']);
});

it('so are responses, where they are carried into another format', async () => {
  const { provider, last } = await yes();
  const gateway = await aiGateway([{ kind: 'together', baseUrl: `${provider.url}/v1` }], ON);
  const ask = { model: 'smart', input: 'Hello.', metadata: { session_id: 'e' } };
  const answer = await chat(gateway, ask, {}, '/v1/responses');
  expect([answer.headers['x-context-session'], statusOf(answer)]).toEqual(['e', [200, 'new']]);
  expect(last().metadata).toBeUndefined();
});

it('who sends it round in circles is stopped by that name, kept or not', async () => {
  const { provider } = await yes();
  const gateway = await aiGateway([provider], { ...ON, ai: { loops: { maxCalls: 2, per: '1h' } } });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const answer = await send(gateway, [HELLO], {}, { metadata: { session_id: 'e' }, store: false });
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([200, 200, 429]);
});

const LOOPS = { ai: { loops: { maxCalls: 2, per: '1h' } } };

it('without a context a session of messages stays here as well: it is for the caps on loops', async () => {
  const { provider, last } = await yes();
  const metadata = { session_id: 'e', user_id: 'ann' };
  const ask = { model: 'smart', max_tokens: 100, messages: [HELLO], metadata };
  const native = await aiGateway([{ kind: 'anthropic', baseUrl: provider.url }], LOOPS);
  const other = await aiGateway([await knowingProvider()], LOOPS);
  for (const gateway of [native, other]) {
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await chat(gateway, ask, {}, '/v1/messages')).status);
    expect(statuses).toEqual([200, 200, 429]);
  }
  expect(last()).toEqual({ ...ask, model: 'gpt-4o-mini', metadata: { user_id: 'ann' } });
  await chat(native, ask, S1, '/v1/messages');
  expect(last().metadata).toEqual(metadata);
});

it('without a context OpenAI’s metadata are the client’s own, and go on as they came', async () => {
  const { provider, last } = await yes();
  const gateway = await aiGateway([provider], LOOPS);
  const noted = { metadata: { session_id: 'e' }, store: true };
  await send(gateway, [HELLO], {}, noted);
  expect(last()).toEqual({ model: 'gpt-4o-mini', messages: [HELLO], ...noted });
});

it('tags in the metadata of messages are for the ledger, and stay here: Anthropic knows no such key', async () => {
  const { provider, last } = await yes();
  const metadata = { tags: ['search', 'beta'], user_id: 'ann' };
  const ask = { model: 'smart', max_tokens: 100, messages: [HELLO], metadata };
  for (const context of [{}, ON]) {
    const gateway = await aiGateway([{ kind: 'anthropic', baseUrl: provider.url }], context);
    expect((await chat(gateway, ask, {}, '/v1/messages')).status).toBe(200);
    expect(last().metadata).toEqual({ user_id: 'ann' });
    await eventually(async () => {
      const { body } = await admin(gateway, '/api/usage?by=tag');
      return JSON.stringify(body).includes('beta');
    });
  }
});

it.each([
  ['conversation', 5],
  ['conversation', {}],
  ['conversation', ['a']],
  ['conversation', { conversation_id: 'conv_1' }],
  ['previous_response_id', 7],
  ['previous_response_id', ['resp_1']],
  ['store', 'false'],
])('a %s that is %j is refused, and not taken for none', async (field, value) => {
  const { provider } = await yes();
  const gateway = await aiGateway([provider], ON);
  const { status, body } = await chat(gateway, { model: 'smart', messages: [HELLO], [field]: value });
  expect(status).toBe(400);
  expect(JSON.parse(body.toString())).toMatchObject({ error: { code: 'body_invalid', param: field } });
  expect(provider.taken).toEqual([]);
});

it('the beginning of an answer behind a question does not make it all of the conversation', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  await send(gateway, [user('My account number is 4711.')]);
  expect(statusOf(await send(gateway, [user('What is my account number?'), said('It is ')]))).toEqual([
    200,
    'hit',
  ]);
  expect(JSON.stringify(provider.prompts.at(-1))).toContain('4711');
});
