// The text of an answer fits a schema or ends it; calls of tools and refusals are answers of another kind.
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  DONE,
  errorOf,
  event,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  USAGE,
  word,
} from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const answered = (message: object, reason = 'stop'): string =>
  JSON.stringify({
    id: 'c',
    vendor_field: 1,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: reason }],
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });
const completion = (content: string): string => answered({ content });
const ask = (content: string, more: object = {}) => ({
  model: 'smart',
  messages: [{ role: 'user', content }],
  ...more,
});

const schema = { type: 'object', required: ['city'], properties: { city: { type: 'string' } } };
const held = (mode: string) => ({ policies: [{ 'json-schema': { schema, mode, models: ['smart'] } }] });

it('a whole answer is held to a JSON Schema, in enforce and in report', async () => {
  const provider = await rawProvider((response, { body }) =>
    response
      .writeHead(200, json)
      .end(completion(`{"${String(body).includes('Town') ? 'town' : 'city'}":"Lisbon"}`)),
  );
  const enforced = await aiGateway([provider], held('enforce'));
  expect((await chat(enforced, ask('City?'))).body.toString()).toBe(completion('{"city":"Lisbon"}'));
  const refused = await chat(enforced, ask('Town?'));
  expect([refused.status, errorOf(refused).code]).toEqual([502, 'answer_invalid']);
  expect(await lineOf(enforced, refused)).toMatchObject({
    outcome: 'schema_failed',
    guards: ['json-schema answer blocked schema'],
  });

  const reported = await aiGateway([provider], held('report'));
  const passed = await chat(reported, ask('Town?'));
  expect(passed.body.toString()).toBe(completion('{"town":"Lisbon"}'));
  expect((await lineOf(reported, passed)).guards).toEqual(['json-schema answer reported schema']);
});

it('a stream is held to a JSON Schema: nothing of it is said before all of it is known', async () => {
  const provider = await rawProvider((response, { body }) => {
    const last = String(body).includes('Number') ? '1}' : '"Lisbon"}';
    const words = ['{"ci', 'ty":', last].map(word).join('');
    response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${words}${STOP}${USAGE}${DONE}`);
  });
  const gateway = await aiGateway([provider], held('enforce'));

  const good = (await chat(gateway, ask('Word?', { stream: true }))).body.toString();
  const broken = await chat(gateway, ask('Number?', { stream: true }));

  expect(good).toContain(JSON.stringify('{"city":"Lisbon"}').slice(1, -1));
  expect(good).toContain('[DONE]');
  expect(broken.body.toString()).not.toContain('city');
  expect(broken.body.toString()).toContain('answer_invalid');
  expect(await lineOf(gateway, broken)).toMatchObject({ outcome: 'schema_failed', reason: 'answer_invalid' });
});

const CALL = { id: 'a', type: 'function', function: { name: 'town', arguments: '{"of":"Ada"}' } };
const PREAMBLE = 'Let me look that up.';

/** Answers in whole bodies, or in these events of a stream. */
const saying = (whole: string, ...deltas: object[]) =>
  rawProvider((response, { body }) => {
    if (!String(body).includes('"stream":true')) return response.writeHead(200, json).end(whole);
    const events = deltas.map((delta) => event({ choices: [{ index: 0, delta, finish_reason: null }] }));
    return response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${events.join('')}${STOP}${USAGE}${DONE}`);
  });
/** All that a stream says under one name. */
const said = (body: Buffer, field: string): string =>
  [...body.toString().matchAll(new RegExp(`"${field}":("(?:[^"\\\\]|\\\\.)*")`, 'g'))]
    .map(([, text]) => JSON.parse(text as string) as string)
    .join('');
const bothWays = async (gateway: TestGateway, question = 'Town?') =>
  [await chat(gateway, ask(question)), await chat(gateway, ask(question, { stream: true }))] as const;

it.each(['enforce', 'report'])('%s: what is said before a call of a tool is no answer yet', async (mode) => {
  const provider = await saying(
    answered({ content: PREAMBLE, tool_calls: [CALL] }, 'tool_calls'),
    { content: PREAMBLE.slice(0, 9) },
    { content: PREAMBLE.slice(9) },
    { tool_calls: [{ index: 0, ...CALL }] },
  );
  const gateway = await aiGateway([provider], held(mode));

  const [whole, streamed] = await bothWays(gateway);

  expect(whole.body.toString()).toBe(answered({ content: PREAMBLE, tool_calls: [CALL] }, 'tool_calls'));
  expect([said(streamed.body, 'content'), said(streamed.body, 'arguments')]).toEqual([
    PREAMBLE,
    CALL.function.arguments,
  ]);
  expect(streamed.body.toString()).toContain('"finish_reason":"tool_calls"');
  for (const answer of [whole, streamed]) {
    const line = await lineOf(gateway, answer);
    expect(line).toMatchObject({ status: 200, reason: 'ok' });
    expect(line).not.toHaveProperty('guards');
  }
});

it('nor is it where a thought, or its seal, stands between the two', async () => {
  const content = [
    { type: 'text', text: PREAMBLE },
    { type: 'thinking', thinking: 'The town, then.', signature: 'c2VhbA' },
    { type: 'tool_use', id: 'a', name: 'town', input: {} },
  ];
  const answer = { id: 'm', type: 'message', role: 'assistant', model: 'claude', content };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const provider = await rawProvider((response) =>
    response.writeHead(200, json).end(JSON.stringify({ ...answer, stop_reason: 'tool_use', usage })),
  );
  const gateway = await aiGateway([asAnthropic(provider)], held('enforce'));

  const passed = await chat(gateway, ask('Town?', { max_tokens: 9 }), {}, '/v1/messages');

  expect([passed.status, JSON.parse(passed.body.toString()).content]).toEqual([200, content]);
});

it('nor are thoughts that a server of open models shows in a response', async () => {
  const thought = { type: 'reasoning_text', text: 'The town, then.' };
  const text = { type: 'output_text', text: '{"city":"Lisbon"}', annotations: [] };
  const output = [
    { type: 'reasoning', id: 'rs_1', summary: [], content: [thought] },
    { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [text] },
  ];
  const answer = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const provider = await rawProvider((response) =>
    response.writeHead(200, json).end(JSON.stringify({ ...answer, usage })),
  );
  const gateway = await aiGateway([{ kind: 'vllm', baseUrl: `${provider.url}/v1` }], held('enforce'));

  const passed = await chat(gateway, { model: 'smart', input: 'City?' }, {}, '/v1/responses');

  expect([passed.status, JSON.parse(passed.body.toString()).output]).toEqual([200, output]);
});

const short = (mode: string) => ({ policies: [{ 'json-schema': { schema, mode, largest: 30 } }] });

it.each(['enforce', 'report'])('%s: nor need it be short, before the call and behind it', async (mode) => {
  const message = { content: PREAMBLE.repeat(9), tool_calls: [CALL] };
  const provider = await saying(
    answered(message, 'tool_calls'),
    { content: PREAMBLE.repeat(9) },
    { tool_calls: [{ index: 0, ...CALL }] },
    { content: PREAMBLE.repeat(20_000) },
  );
  const gateway = await aiGateway([provider], short(mode));

  const [whole, streamed] = await bothWays(gateway);

  expect(whole.body.toString()).toBe(answered(message, 'tool_calls'));
  expect(said(streamed.body, 'content')).toBe(PREAMBLE.repeat(20_009));
  for (const answer of [whole, streamed]) expect(await lineOf(gateway, answer)).not.toHaveProperty('guards');
});

it.each([
  ['than it may be', `{"city":"${'Lisbon'.repeat(9)}"}`],
  ['than can be held', `{"city":"${'Lisbon'.repeat(50_000)}"}`],
])('an answer that is longer %s ends, or is reported', async (_, content) => {
  const provider = await saying(
    answered({ content }),
    { content: content.slice(0, 20) },
    { content: content.slice(20) },
  );
  const [enforced, reported] = await Promise.all([
    aiGateway([provider], short('enforce')),
    aiGateway([provider], short('report')),
  ]);

  const [whole, streamed] = await bothWays(enforced);
  expect([whole.status, errorOf(whole).code]).toEqual([502, 'answer_invalid']);
  expect([said(streamed.body, 'content'), said(streamed.body, 'code')]).toEqual(['', 'answer_invalid']);
  for (const answer of [whole, streamed])
    expect((await lineOf(enforced, answer)).guards).toEqual(['json-schema answer blocked schema']);

  for (const answer of await bothWays(reported)) {
    expect(said(answer.body, 'content')).toBe(content);
    expect((await lineOf(reported, answer)).guards).toEqual(['json-schema answer reported schema']);
  }
});

it.each(['enforce', 'report'])('%s: a refusal is held to no schema, and reaches who asked', async (mode) => {
  const refusal = 'I can’t help with that.';
  const provider = await saying(answered({ content: null, refusal }), { refusal });
  const gateway = await aiGateway([provider], held(mode));

  const [whole, streamed] = await bothWays(gateway);

  expect(whole.body.toString()).toBe(answered({ content: null, refusal }));
  expect(said(streamed.body, 'refusal')).toBe(refusal);
  for (const answer of [whole, streamed]) expect(await lineOf(gateway, answer)).not.toHaveProperty('guards');
});

it('nor is one that ends a text half way, as Anthropic says it', async () => {
  const content = [{ type: 'text', text: '{"city":' }];
  const answer = { id: 'm', type: 'message', role: 'assistant', model: 'claude', content };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const provider = await rawProvider((response, { body }) => {
    const reason = String(body).includes('Bomb') ? 'refusal' : 'end_turn';
    response.writeHead(200, json).end(JSON.stringify({ ...answer, stop_reason: reason, usage }));
  });
  const gateway = await aiGateway([asAnthropic(provider)], held('enforce'));
  const tell = (about: string) => chat(gateway, ask(about, { max_tokens: 9 }), {}, '/v1/messages');

  expect((await tell('Bomb?')).status).toBe(200);
  expect((await tell('City?')).status).toBe(502);
});

it('other guards read a refusal as they read every text', async () => {
  const provider = await saying(answered({ content: null, refusal: 'Not to x@example.net.' }), {
    refusal: 'Not to x@example.net.',
  });
  const gateway = await aiGateway([provider], { policies: [{ redact: {} }] });

  for (const { body } of await bothWays(gateway)) expect(said(body, 'refusal')).toBe('Not to [EMAIL].');
});
