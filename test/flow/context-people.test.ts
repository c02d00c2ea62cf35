// People see, correct and erase what a conversation remembers; clients of OpenAI's API open and follow conversations.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { digestOf, seedOf } from '../../src/context/canonical.ts';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  asAnthropic,
  CLIENT_KEY,
  chat,
  DONE,
  modelService,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  word,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const ask = (content: string) => ({ model: 'smart', messages: [{ role: 'user', content }] });
const headers = { 'x-session-id': 's1' };

it('an operator finds a session, corrects what it said, and erases it', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const admin = async (path: string, method = 'GET', body?: object) => {
    const response = await fetch(`${gateway.adminUrl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  await chat(gateway, ask('My account number is 4711.'), headers);
  expect((await admin('/api/sessions?consumer=app')).body).toMatchObject({
    items: [{ id: 's1', version: 1 }],
  });
  const { body } = await admin('/api/sessions/s1?consumer=app');
  const [turn] = body.turns as { id: string; content: unknown }[];
  expect(turn).toMatchObject({ version: 1, status: 'complete' });
  expect((await admin('/api/sessions/s1?consumer=other')).status).toBe(404);
  const correction = { turn: turn?.id, text: 'Your account is closed.', reason: 'it was' };
  const corrected = await admin('/api/sessions/s1/corrections?consumer=app', 'POST', correction);
  expect(corrected.body).toEqual({ version: 2 });
  await chat(gateway, ask('And now?'), headers);
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'My account number is 4711.',
    'Your account is closed.',
    'And now?',
  ]);
  expect(JSON.stringify((await admin('/api/sessions/s1/export?consumer=app')).body)).toContain('4711');
  expect((await admin('/api/sessions/s1?consumer=app', 'DELETE')).body).toEqual({ erased: true });
  expect((await admin('/api/sessions/s1?consumer=app')).body).toMatchObject({ state: 'erased', turns: [] });
  const after = await chat(gateway, ask('What is my account number?'), headers);
  expect(after.headers['x-context-status']).toBe('reset');
  expect(after.body.toString()).toContain('Please tell me');
});

it('a correction stands in the place of an answer for whoever goes on from that one', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON);
  const { responses } = sdk(gateway);
  const say = (input: string, previous: string | null = null) =>
    responses.create({ model: 'smart', input, previous_response_id: previous });
  const one = await say('Is my account open?');
  const two = await say('Are you sure?', one.id);
  const [session] = (await admin(gateway, '/api/sessions?consumer=app')).body.items as [{ id: string }];
  const path = `/api/sessions/${session.id}`;
  const [turn] = (await admin(gateway, `${path}?consumer=app`)).body.turns as { id: string }[];
  const body = { turn: turn?.id, text: 'Your account is closed.', reason: 'it is' };
  await admin(gateway, `${path}/corrections?consumer=app`, { body });
  for (const [previous, count] of [
    [one.id, 3],
    [two.id, 5],
  ] as const) {
    await say('And now?', previous);
    const said = provider.prompts.at(-1)?.map(({ content }) => content) ?? [];
    expect([said.length, ...said.slice(0, 2)]).toEqual([
      count,
      'Is my account open?',
      'Your account is closed.',
    ]);
  }
  expect((await responses.retrieve(one.id)).output_text).toBe('Your account is closed.');
  // It is known by its id as before.
  expect((await responses.retrieve(one.id)).output[0]?.id).toBe(one.output[0]?.id);
});

it('items are put into a conversation, read and deleted one by one, by ids that stay', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON);
  const { conversations, responses } = sdk(gateway);
  const { id } = await conversations.create({
    items: [
      { type: 'message', role: 'developer', content: 'Be brief.' },
      { type: 'message', role: 'user', content: 'My account number is 4711.' },
      { type: 'message', role: 'assistant', content: 'I see.' },
    ],
  });
  const put = await conversations.items.create(id, {
    items: [{ type: 'message', role: 'user', content: 'My name is Ann.' }],
  });
  const [name] = put.data;
  const said = await responses.create({
    model: 'smart',
    input: 'What is my account number?',
    conversation: id,
  });
  expect(said.output_text).toBe('It is 4711.');
  expect(said.conversation).toEqual({ id });
  const called = await responses.create({ model: 'smart', input: 'How is the weather?', conversation: id });
  const listed = async () => {
    const all: { id: string; type: string; content?: unknown }[] = [];
    for await (const item of conversations.items.list(id, { order: 'asc', limit: 3 }))
      all.push(item as { id: string; type: string });
    return all;
  };
  const items = await listed();
  expect(items.map((item) => ('role' in item ? item.role : item.type))).toEqual([
    'developer',
    'user',
    'assistant',
    'user',
    'user',
    'assistant',
    'user',
    // It has no result yet.
    'function_call',
  ]);
  expect(items[3]?.id).toBe(name?.id);
  expect(items[5]).toMatchObject({ id: said.output[0]?.id, content: [{ annotations: [] }] });
  expect(items[7]).toMatchObject({ id: called.output[0]?.id, call_id: 'call_1', status: 'completed' });
  const inputs: string[] = [];
  for await (const item of responses.inputItems.list(said.id)) inputs.push(item.id as string);
  expect(inputs).toEqual([items[4]?.id]);
  const retrieved = await responses.retrieve(said.id);
  expect([retrieved.output, retrieved.conversation]).toEqual([
    [expect.objectContaining({ id: said.output[0]?.id })],
    { id },
  ]);
  // Deleted: gone from the list and from prompts, and all others are called as before.
  const account = items[1]?.id as string;
  expect(await conversations.items.retrieve(account, { conversation_id: id })).toEqual(items[1]);
  expect(await conversations.items.delete(account, { conversation_id: id })).toMatchObject({ id });
  expect((await listed()).map((item) => item.id)).toEqual(
    items.flatMap((item) => (item.id === account ? [] : [item.id])),
  );
  await expect(conversations.items.retrieve(account, { conversation_id: id })).rejects.toMatchObject({
    status: 404,
  });
  const brought = await responses.create({
    model: 'smart',
    input: [{ type: 'function_call_output', call_id: 'call_1', output: 'sunny' }],
    conversation: id,
  });
  expect(brought.output_text).toBe('It is sunny.');
  expect(JSON.stringify(provider.prompts.at(-1))).not.toContain('number is 4711');
  expect((await conversations.update(id, { metadata: { topic: 'y' } })).metadata).toEqual({ topic: 'y' });
});

it('an item is called as its provider named it, whatever else was among them', async () => {
  const text = (id: string, words: string) => ({
    type: 'message',
    id,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: words, annotations: [] }],
  });
  const output = [
    { type: 'reasoning', id: 'rs_1', summary: [] },
    text('msg_1', 'I look it up.'),
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'Oslo' } },
    text('msg_2', 'It is sunny.'),
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'note', arguments: '{}' },
  ];
  const bodies: { input: { id?: string; type: string }[] }[] = [];
  const provider = await rawProvider((response, { body }) => {
    bodies.push(JSON.parse(body.toString()) as (typeof bodies)[number]);
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', model: 'm', output }),
    );
  });
  const { responses, conversations } = sdk(await aiGateway([provider], ON));
  const { id } = await conversations.create();
  const said = await responses.create({ model: 'smart', input: 'How is the weather?', conversation: id });
  const listed = async () => (await conversations.items.list(id, { order: 'asc' })).data.slice(1);
  expect((await listed()).map((item) => item.id)).toEqual(['msg_1', 'msg_2', 'fc_1']);
  expect((await responses.retrieve(said.id)).output.map((item) => item.id)).toEqual([
    'msg_1',
    'msg_2',
    'fc_1',
  ]);
  expect(await conversations.items.retrieve('msg_2', { conversation_id: id })).toMatchObject({
    content: [{ text: 'It is sunny.' }],
  });
  const result = { type: 'function_call_output' as const, call_id: 'call_1', output: 'noted' };
  await responses.create({ model: 'smart', input: [result], conversation: id });
  // OpenAI wants what was thought with an item that has its id.
  expect(bodies[1]?.input.map((item) => item.id).filter(Boolean)).toEqual([]);
  await conversations.items.delete('msg_1', { conversation_id: id });
  expect((await listed()).map((item) => item.id).slice(0, 2)).toEqual(['msg_2', 'fc_1']);
});

it('what is wrong in a call to a conversation is said, and changes nothing', async () => {
  const gateway = await aiGateway([await knowingProvider()], ON);
  const { conversations, responses } = sdk(gateway);
  const { id } = await conversations.create({ metadata: { topic: 'x' } });
  const refused = async (path: string, method: string, body?: string) => {
    const answer = await fetch(`${gateway.url}/v1/conversations${path}`, {
      method,
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    });
    return answer.status;
  };
  const pairs = (count: number) =>
    JSON.stringify({ metadata: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v'])) });
  for (const body of ['{"metadata":', '{}', '[]', '{"metadata":{"a":1}}', pairs(17)])
    expect([body, await refused(`/${id}`, 'POST', body)]).toEqual([body, 400]);
  for (const [key, value] of [
    ['k'.repeat(65), 'v'],
    ['k', 'v'.repeat(513)],
  ] as const)
    expect(await refused('', 'POST', JSON.stringify({ metadata: { [key]: value } }))).toBe(400);
  expect(await refused(`/${'x'.repeat(257)}`, 'GET')).toBe(404);
  for (const query of ['after=msg_unknown', 'limit=0', 'limit=x', 'limit=101', 'order=up'])
    expect([query, await refused(`/${id}/items?${query}`, 'GET')]).toEqual([query, 400]);
  expect(await refused(`/${id}/items`, 'POST', '{"items":[{"type":"computer_call"}]}')).toBe(400);
  const result = '{"items":[{"type":"function_call_output","call_id":"c9","output":"?"}]}';
  expect(await refused(`/${id}/items`, 'POST', result)).toBe(400);
  expect(await refused('', 'POST', result)).toBe(400);
  const both = responses.create({
    model: 'smart',
    input: 'one',
    conversation: id,
    previous_response_id: 'resp_1',
  });
  await expect(both).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
  expect((await conversations.retrieve(id)).metadata).toEqual({ topic: 'x' });
  expect((await conversations.items.list(id)).data).toEqual([]);
  // Nothing else was begun.
  expect((await admin(gateway, '/api/sessions?consumer=app')).body.items).toMatchObject([{ id }]);
});

it('a response that broke off before a word is read by its id; and none is streamed again', async () => {
  const provider = await rawProvider((response) => {
    const whole = { id: 'resp_1', object: 'response', model: 'm', status: 'incomplete', output: [] };
    const why = { incomplete_details: { reason: 'max_output_tokens' } };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...whole, ...why }));
  });
  const { responses } = sdk(await aiGateway([provider], ON));
  const { id } = await responses.create({ model: 'smart', input: 'Hello.' });
  expect(await responses.retrieve(id)).toMatchObject({ id, status: 'incomplete', output: [] });
  const refused = { status: 400, code: 'field_not_supported', param: 'stream' };
  await expect(responses.retrieve(id, { stream: true })).rejects.toMatchObject(refused);
});

/** Speaks responses, whole and as a stream, and knows of no earlier one. */
async function responder() {
  return await rawProvider((response, { body }) => {
    const { stream = false } = JSON.parse(body.toString()) as { stream?: boolean };
    const content = [{ type: 'output_text', text: 'I see.', annotations: [] }];
    const item = { type: 'message', id: 'msg_of_theirs', role: 'assistant', status: 'completed', content };
    const none = { store: false, previous_response_id: null };
    const about = { id: 'resp_of_theirs', object: 'response', model: 'm', ...none };
    const whole = { ...about, status: 'completed', output: [item] };
    const events = [
      { type: 'response.created', response: { ...about, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
      { type: 'response.output_text.delta', output_index: 0, item_id: item.id, delta: 'I see.' },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ];
    response.writeHead(200, stream ? STREAM_HEADERS : { 'content-type': 'application/json' });
    response.end(
      stream
        ? events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`).join('')
        : JSON.stringify(whole),
    );
  });
}

it.each([
  ['translated', async () => asAnthropic(await modelService())],
  ['the provider’s own', responder],
])('a user’s response, %s, is read and deleted by its id, and says what it follows', async (_, open) => {
  const { responses, conversations } = sdk(await aiGateway([await open()], ON));
  const one = await responses.create({ model: 'smart', input: 'one', user: 'ann' });
  const stream = await responses.create({
    model: 'smart',
    input: 'two',
    user: 'ann',
    previous_response_id: one.id,
    stream: true,
  });
  let last: OpenAI.Responses.Response | undefined;
  for await (const event of stream) if (event.type === 'response.completed') last = event.response;
  expect(last).toMatchObject({ previous_response_id: one.id, store: true });
  const two = await responses.retrieve(last?.id as string);
  expect(two).toMatchObject({ previous_response_id: one.id, output: last?.output.map(({ id }) => ({ id })) });
  // What it was asked with is all that went before, as OpenAI's says, in as many pages as are asked for.
  const asked: string[] = [];
  for await (const item of responses.inputItems.list(two.id, { order: 'asc', limit: 1 }))
    asked.push('role' in item ? item.role : item.type);
  expect(asked.filter((what) => what !== 'reasoning')).toEqual(['user', 'assistant', 'user']);
  await responses.delete(two.id);
  await expect(responses.retrieve(two.id)).rejects.toMatchObject({ status: 404 });
  await expect(responses.inputItems.list(two.id)).rejects.toMatchObject({ status: 404 });
  const { id: conversation } = await conversations.create();
  for await (const event of await responses.create({
    model: 'smart',
    input: 'one',
    conversation,
    stream: true,
  }))
    if ('response' in event)
      expect(event.response).toMatchObject({ store: true, conversation: { id: conversation } });
  // A session that its client named itself, like one of OpenAI's, is no conversation of that API.
  const named = await responses.create(
    { model: 'smart', input: 'three' },
    { headers: { 'x-session-id': 'conv_of_mine' } },
  );
  const kept = await responses.retrieve(named.id);
  expect([kept.conversation, kept.previous_response_id]).toEqual([undefined, null]);
});

it('a conversation of OpenAI’s API takes one turn after the other', async () => {
  const gateway = await aiGateway([asAnthropic(await modelService())], ON);
  const client = sdk(gateway);
  const { id } = await client.conversations.create({ metadata: { topic: 'x' } });
  await client.responses.create({ model: 'smart', input: 'one', conversation: id });
  await client.responses.create({ model: 'smart', input: 'two', conversation: id });
  const third = await client.responses.create({ model: 'smart', input: 'three', conversation: id });
  expect((await client.responses.retrieve(third.id)).conversation).toEqual({ id });
  expect((await client.conversations.retrieve(id)).metadata).toEqual({ topic: 'x' });
  const roles: unknown[] = [];
  for await (const item of client.conversations.items.list(id, { order: 'asc', limit: 2 }))
    roles.push('role' in item && item.role);
  expect(roles).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
  await client.conversations.delete(id);
  await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

it('what guards kept from the client is in no conversation either, whole and as a stream', async () => {
  const said = 'Write to ada@example.net about it.';
  const provider = await rawProvider((response, taken) => {
    if (JSON.parse(taken.body.toString()).stream) {
      response.writeHead(200, STREAM_HEADERS);
      response.end(`${ROLE}${word(said.slice(0, 15))}${word(said.slice(15))}${STOP}${DONE}`);
      return;
    }
    const message = { role: 'assistant', content: said };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id: 'c1', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
  });
  const gateway = await aiGateway([provider], { ...ON, policies: [{ redact: {} }] });
  for (const stream of [false, true]) {
    const session = { 'x-session-id': `guarded-${stream}` };
    const answer = await chat(gateway, { ...ask('Whom do I write to?'), stream }, session);
    expect(answer.body.toString()).not.toContain('ada@example.net');
    const exported = await fetch(`${gateway.adminUrl}/api/sessions/guarded-${stream}/export?consumer=app`);
    const text = await exported.text();
    expect(text).toContain('[EMAIL]');
    expect(text).not.toContain('ada@example.net');
  }
});

it('whatever is done with a conversation is in the log, by whom it is of and never with what it says', async () => {
  const gateway = await aiGateway([await knowingProvider()], ON);
  const body = { ...ask('My account number is 4711.'), user: 'ann' };
  const answer = await chat(gateway, body, { ...headers, 'idempotency-key': 'k1' });
  await chat(gateway, body, { ...headers, 'idempotency-key': 'k1' });
  const one = '/api/sessions/s1';
  const [turn] = (await admin(gateway, `${one}?consumer=app`)).body.turns as {
    id: string;
    digests: string[];
  }[];
  await admin(gateway, `${one}/export?consumer=app`);
  const correction = { turn: turn?.id, text: 'No.', reason: 'it is not so' };
  await admin(gateway, `${one}/corrections?consumer=app`, { body: correction });
  await admin(gateway, '/api/sessions?consumer=app&user=ann', { method: 'DELETE' });
  await sdk(gateway).conversations.create();
  const operations = await eventually(() => {
    const all = gateway.lines.filter(({ msg }) => msg === 'context operation');
    return all.length >= 8 && all.map((line) => line.context as Record<string, unknown>);
  });
  expect(operations.map(({ op, outcome }) => `${op}: ${outcome}`)).toEqual([
    'create: new',
    'append: complete',
    'replay: given_again',
    'read: ok',
    'export: ok',
    'correct: committed',
    'erase: erased',
    'create: new',
  ]);
  const of = operations.slice(0, 7);
  expect(new Set(of.map(({ tenant, session }) => `${tenant} ${session}`))).toEqual(new Set(['app s1']));
  const users = new Set(of.map(({ user }) => user));
  expect([...users]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  // What there is of each: no one turn was read, erased or given out, and nothing is said yet in what is new.
  const fields = ['turn', 'version', 'model', 'tokens', 'digest', 'duration_ms'];
  const lacks = (row: Record<string, unknown>) => fields.filter((name) => row[name] === undefined).join();
  expect(operations.map((row) => `${String(row.op)}: ${lacks(row)}`)).toEqual([
    'create: digest',
    'append: ',
    'replay: ',
    'read: turn,model',
    'export: turn,model',
    'correct: model',
    'erase: turn,model',
    'create: turn,model,digest',
  ]);
  // Nobody who knows what may have been said can find it out by its digest: that is keyed, although nothing is sealed.
  const { message } = (JSON.parse(answer.body.toString()) as { choices: { message: { content: string } }[] })
    .choices[0] as { message: { content: string } };
  const guess = digestOf(seedOf({ secret: '' }, 'app'), {
    role: 'assistant',
    at: '',
    content: [{ type: 'text', at: '', text: message.content }],
  });
  expect(turn?.digests).toHaveLength(2);
  expect(turn?.digests).not.toContain(guess);
  expect(JSON.stringify(gateway.lines)).not.toMatch(/account number|is 4711/);
});
