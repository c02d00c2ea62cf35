// A conversation is remembered by its session: whoever sends only the new turn gets an answer that knows the rest.
import { expect, it } from 'vitest';
import {
  aiGateway,
  anthropicSdk,
  asAnthropic,
  type ChatAnswer,
  chat,
  errorOf,
  lineOf,
  modelService,
  sdk,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const user = (content: string) => ({ role: 'user', content });
const ask = (content: string, more: object = {}) => ({ model: 'smart', messages: [user(content)], ...more });
const said = ({ body }: ChatAnswer): string =>
  (JSON.parse(body.toString()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';
/** Turns that came to this, or were refused so. */
const appended = (gateway: TestGateway, outcome: string): Promise<number> =>
  gateway.metric('gateway_context_operations_total', { op: 'append', outcome });
const context = ({ headers }: ChatAnswer) => [headers['x-context-status'], headers['x-context-version']];

async function setUp(config: object = ON) {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], config);
  const say = (content: string, headers: Record<string, string> = { 'x-session-id': 's1' }) =>
    chat(gateway, ask(content), headers);
  return { provider, gateway, say };
}

it('a client that sends only what is new gets an answer that knows what was said before', async () => {
  const { say, gateway, provider } = await setUp();
  const first = await say('My account number is 4711.');
  expect(context(first)).toEqual(['new', '1']);
  const second = await say('What is my account number?');
  expect(said(second)).toBe('It is 4711.');
  expect(context(second)).toEqual(['hit', '2']);
  expect(provider.prompts[1]?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(await lineOf(gateway, second)).toMatchObject({
    session: 's1',
    context_status: 'hit',
    context_mode: 'delta',
    context_base: 1,
    context_version: 2,
  });
  expect(await gateway.metric('gateway_context_continuity_total', { status: 'hit' })).toBe(1);
  const operation = await eventually(() =>
    gateway.lines.find(
      ({ msg, context: of }) => msg === 'context operation' && (of as { version: number }).version === 2,
    ),
  );
  expect(operation.context).toMatchObject({
    op: 'append',
    tenant: 'app',
    session: 's1',
    outcome: 'complete',
  });
  expect(JSON.stringify(gateway.lines)).not.toMatch(/account number|is 4711/);
});

it('a client that sends all of it goes on as it came, and only the tail is added', async () => {
  const { gateway, provider } = await setUp();
  const log: object[] = [{ role: 'system', content: 'Be brief.' }];
  for (const [at, content] of ['one', 'two', 'three'].entries()) {
    log.push(user(content));
    const answer = await chat(gateway, { model: 'smart', messages: log }, { 'x-session-id': 's' });
    expect(answer.body.toString()).toContain('I have read');
    expect(context(answer)).toEqual([at === 0 ? 'new' : 'hit', String(at + 1)]);
    log.push({ role: 'assistant', content: said(answer), refusal: null });
  }
  expect(provider.prompts.map(({ length }) => length)).toEqual([2, 4, 6]);
});

it('an edit in the middle begins a branch there, and the conversation goes on from it', async () => {
  const { gateway, say } = await setUp();
  await say('one');
  const second = await say('two');
  const edited = {
    model: 'smart',
    messages: [
      user('one'),
      { role: 'assistant', content: 'I have read 1 messages.' },
      user('two, but otherwise'),
    ],
  };
  const fork = await chat(gateway, edited, { 'x-session-id': 's1' });
  expect(context(fork)).toEqual(['forked', '3']);
  expect(context(second)).toEqual(['hit', '2']);
  expect(said(await say('three'))).toBe('I have read 5 messages.');
});

it('the same request sent again gets the answer that was recorded, whole and streamed', async () => {
  const { say, gateway, provider } = await setUp();
  const headers = { 'x-session-id': 's1', 'idempotency-key': 'k1' };
  const first = await say('hello', headers);
  const again = await say('hello', headers);
  expect(context(again)).toEqual(['replay', '1']);
  expect(said(again)).toBe(said(first));
  expect(await lineOf(gateway, first)).toMatchObject({ usage_source: 'reported', tokens_in: 10 });
  expect(await lineOf(gateway, again)).toMatchObject({ usage_source: 'cached', tokens_in: 10, usd: 0 });
  const streamed = await chat(gateway, ask('hello', { stream: true }), headers);
  expect(streamed.body.toString()).toContain('I have read');
  expect(streamed.body.toString()).toContain('[DONE]');
  expect(provider.prompts).toHaveLength(1);
});

it('a stream is remembered before its last event', async () => {
  const { gateway, say } = await setUp();
  const stream = await chat(gateway, ask('My account number is 12.', { stream: true }), {
    'x-session-id': 's1',
  });
  expect(context(stream)).toEqual(['new', '1']);
  expect(stream.trailers?.['x-context-version']).toBe('1');
  expect(stream.body.toString().trimEnd().endsWith('data: [DONE]')).toBe(true);
  expect(said(await say('What is my account number?'))).toBe('It is 12.');
});

it('results of tools find their call, and must be all of them', async () => {
  const { gateway, say, provider } = await setUp();
  await say('How is the weather?');
  const headers = { 'x-session-id': 's1' };
  const stray = { model: 'smart', messages: [{ role: 'tool', tool_call_id: 'call_9', content: '?' }] };
  expect(errorOf(await chat(gateway, stray, headers))).toMatchObject({ code: 'tool_results_unmatched' });
  // Somebody says something meanwhile: the call stands directly before its result all the same.
  await say('Hurry!');
  const result = { model: 'smart', messages: [{ role: 'tool', tool_call_id: 'call_1', content: 'sunny' }] };
  const answer = await chat(gateway, result, headers);
  expect(said(answer)).toBe('It is sunny.');
  expect(provider.prompts.at(-1)?.map(({ role }) => role)).toEqual([
    'user',
    'user',
    'assistant',
    'assistant',
    'tool',
  ]);
  const twice = await chat(gateway, result, headers);
  expect(twice.status).toBe(400);
});

it('what failed is left out of prompts, and the next turn goes on before it', async () => {
  const broken = await modelService('primary');
  const gateway = await aiGateway([broken], ON);
  const headers = { 'x-session-id': 's1' };
  await chat(gateway, ask('one'), headers);
  await fetch(`${broken.url}/__sandbox/faults`, { method: 'PUT', body: JSON.stringify({ status: 503 }) });
  expect((await chat(gateway, ask('lost'), headers)).status).toBe(503);
  await fetch(`${broken.url}/__sandbox/faults`, { method: 'PUT', body: JSON.stringify({}) });
  const after = await chat(gateway, ask('two'), headers);
  expect(context(after)).toEqual(['hit', '3']);
});

it('a session belongs to its user and its consumer', async () => {
  const { gateway, say } = await setUp();
  await chat(gateway, ask('My account number is 1.', { user: 'ann' }), { 'x-session-id': 's1' });
  const other = await chat(gateway, ask('What is my account number?', { user: 'bob' }), {
    'x-session-id': 's1',
  });
  expect(other.status).toBe(404);
  expect((await say('hello')).status).toBe(404);
  expect(errorOf(other)).toMatchObject({ code: 'session_unknown' });
});

it('without an id, and where it is not wanted, nothing is remembered', async () => {
  const { gateway, say } = await setUp();
  expect(context(await say('hello', {}))).toEqual([undefined, undefined]);
  await chat(gateway, ask('My account number is 1.', { store: false }), { 'x-session-id': 's1' });
  const next = await say('What is my account number?');
  expect(context(next)).toEqual(['new', '1']);
  expect(said(next)).toBe('Please tell me your account number.');
});

it('what is not to be kept is answered with what was said before, and changes nothing', async () => {
  const { gateway, say } = await setUp();
  await say('My account number is 1.');
  const aside = await chat(gateway, ask('What is my account number?', { store: false }), {
    'x-session-id': 's1',
  });
  expect(said(aside)).toBe('It is 1.');
  expect(said(await say('And now?'))).toBe('I have read 3 messages.');
});

it('a stream that is not to be kept promises no version: who names the one that it was told goes on', async () => {
  const { gateway, say } = await setUp();
  await say('My account number is 1.');
  const aside = await chat(gateway, ask('What is it?', { store: false, stream: true }), {
    'x-session-id': 's1',
  });
  const version = String(aside.headers['x-context-version']);
  expect(version).toBe('1');
  const next = await say('What is my account number?', {
    'x-session-id': 's1',
    'x-context-version': version,
  });
  expect(context(next)).toEqual(['hit', '2']);
});

it('what only its provider can read leaves no empty message behind', async () => {
  const { gateway, provider, say } = await setUp();
  const content = [{ type: 'video_url', video_url: { url: 'https://example.com/v.mp4' } }];
  const messages = [{ role: 'user', content }];
  await chat(gateway, { model: 'smart', messages }, { 'x-session-id': 's1' });
  expect(provider.prompts[0]).toEqual(messages);
  await say('And now?');
  expect(provider.prompts[1]?.[0]).toEqual({ role: 'user', content: expect.stringContaining('repeated') });
});

it('names that are too long are refused, not cut to be the same', async () => {
  const { gateway, say } = await setUp();
  const long = 'x'.repeat(256);
  expect(context(await say('one', { 'x-session-id': long }))).toEqual(['new', '1']);
  const longer = await say('two', { 'x-session-id': `${long}1` });
  expect([longer.status, errorOf(longer).message]).toEqual([400, expect.stringContaining('256 characters')]);
  const inBody = await chat(gateway, ask('two', { metadata: { session_id: `${long}2` } }));
  expect(inBody.status).toBe(400);
  const user = await chat(gateway, ask('two', { user: `${long}3` }), { 'x-session-id': 's1' });
  expect(user.status).toBe(400);
});

it('If-Match answers only who has seen the last turn', async () => {
  const { say, gateway } = await setUp();
  await say('one');
  await say('two');
  const stale = await say('three', { 'x-session-id': 's1', 'if-match': '"1"' });
  expect(stale.status).toBe(409);
  expect(errorOf(stale)).toMatchObject({ code: 'conversation_locked' });
  expect(stale.headers['retry-after']).toBe('1');
  expect(stale.headers['x-context-version']).toBe('2');
  expect(context(await say('three', { 'x-session-id': 's1', 'if-match': '"2"' }))).toEqual(['hit', '3']);
  expect([await appended(gateway, 'locked'), await appended(gateway, 'complete')]).toEqual([1, 3]);
});

it('where turns are not merged the loser is told before it costs anything', async () => {
  const { say, provider, gateway } = await setUp({ context: { enabled: true, onConflict: 'reject' } });
  const held = provider.hold('slow');
  const first = say('slow');
  await held.came;
  const second = await say('fast');
  expect(second.status).toBe(409);
  held.go();
  expect(context(await first)).toEqual(['new', '1']);
  expect(provider.prompts).toHaveLength(1);
  expect(await appended(gateway, 'locked')).toBe(1);
});

it('where turns are merged both are kept, and the later one is marked', async () => {
  const { say, provider, gateway } = await setUp();
  const held = provider.hold('slow');
  const first = say('slow');
  await held.came;
  expect(context(await say('fast'))).toEqual(['new', '1']);
  held.go();
  const late = await first;
  expect(context(late)).toEqual(['new', '2']);
  expect(await lineOf(gateway, late)).toMatchObject({ stale_base: true });
  expect([await appended(gateway, 'stale'), await appended(gateway, 'complete')]).toEqual([1, 1]);
  expect(said(await say('how many?'))).toBe('I have read 5 messages.');
});

it('responses are followed by their ids, in branches of their own', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], ON);
  const client = sdk(gateway);
  const one = await client.responses.create({ model: 'smart', input: 'My name is Ann.' });
  expect(one.id).toMatch(/^resp_/);
  const two = await client.responses.create({ model: 'smart', input: 'two', previous_response_id: one.id });
  const other = await client.responses.create({
    model: 'smart',
    input: 'other',
    previous_response_id: one.id,
  });
  expect(new Set([one.id, two.id, other.id]).size).toBe(3);
  const stream = await client.responses.create({
    model: 'smart',
    input: 'three',
    previous_response_id: two.id,
    stream: true,
  });
  const ids = new Set<string>();
  for await (const event of stream) if ('response' in event) ids.add(event.response.id);
  expect([...ids]).toEqual([expect.stringMatching(/^resp_/)]);
  expect((await client.responses.retrieve(two.id)).output_text).toBe(two.output_text);
  await client.responses.delete(two.id);
  await expect(client.responses.retrieve(two.id)).rejects.toMatchObject({ status: 404 });
  const unknown = client.responses.create({
    model: 'smart',
    input: 'x',
    previous_response_id: 'resp_unknown',
  });
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'session_unknown' });
});

it('goes on with another vendor when the first one is gone, and with all that was said', async () => {
  const [primary, backup] = [await knowingProvider(), await modelService('backup')];
  const gateway = await aiGateway([primary, asAnthropic(backup)], ON);
  const headers = { 'x-session-id': 's1' };
  await chat(gateway, ask('How is the weather?', { max_tokens: 50 }), headers);
  await primary.close();
  const result = {
    model: 'smart',
    max_tokens: 50,
    messages: [{ role: 'tool', tool_call_id: 'call_1', content: 'sunny' }],
  };
  const answer = await chat(gateway, result, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers['x-gateway-target']).toContain('p1');
  expect(context(answer)).toEqual(['hit', '2']);
});

it('Anthropic’s messages are remembered too', async () => {
  const service = await modelService();
  const gateway = await aiGateway([asAnthropic(service)], ON);
  const client = anthropicSdk(gateway);
  const send = (content: string) =>
    client.messages
      .create(
        { model: 'smart', max_tokens: 20, messages: [{ role: 'user', content }] },
        { headers: { 'x-session-id': 's' } },
      )
      .withResponse();
  await send('one');
  const { response } = await send('two');
  expect([response.headers.get('x-context-status'), response.headers.get('x-context-version')]).toEqual([
    'hit',
    '2',
  ]);
});
