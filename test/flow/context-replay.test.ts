// The same request sent again: its answer if there is one, and otherwise another try.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  anthropicSdk,
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
import { S1 } from '../helpers/talk.ts';

const saidIn = ({ choices }: OpenAI.ChatCompletion) => choices[0]?.message.content;
const ON = { context: { enabled: true } };

it('a stream that its provider broke off is asked for anew, not given again as if it were whole', async () => {
  let calls = 0;
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('Half of')}`);
    if (++calls === 1) setImmediate(() => response.destroy());
    else response.end(`${word(' it, and the rest.')}${STOP}${DONE}`);
  });
  const client = sdk(await aiGateway([provider], ON));
  const say = async () => {
    const stream = await client.chat.completions.create(
      { model: 'smart', messages: [{ role: 'user', content: 'All of it!' }], stream: true },
      { headers: { 'x-session-id': 's1', 'idempotency-key': 'k1' } },
    );
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  };
  await expect(say()).rejects.toThrow();
  expect(await say()).toBe('Half of it, and the rest.');
  // That one is whole: now it is given again.
  expect(await say()).toBe('Half of it, and the rest.');
  expect(calls).toBe(2);
});

/** Streams the same answer to all, and remembers their prompts. */
const streams = (answer: string) =>
  rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS);
    response.end(`${ROLE}${answer}${STOP}${DONE}`);
  });
const streamed = (content: string) => ({
  model: 'smart',
  stream: true,
  messages: [{ role: 'user', content }],
});
it('a stream that takes many bytes to say little is kept, given again, and gone on from', async () => {
  const pings = `: ${'ping '.repeat(2e5)}\n\n`.repeat(9);
  const provider = await streams(`${word('It is ')}${pings}${word('4711.')}`);
  const gateway = await aiGateway([provider], ON);
  for (const status of ['new', 'replay']) {
    const { headers, body } = await chat(gateway, streamed('What?'), { ...S1, 'idempotency-key': 'k1' });
    expect([headers['x-context-status'], body.includes('4711')]).toEqual([status, true]);
  }
  await chat(gateway, streamed('Once more?'), S1);
  const { messages } = JSON.parse(String(provider.taken.at(-1)?.body)) as OpenAI.ChatCompletionCreateParams;
  expect(messages.map(({ content }) => content)).toEqual(['What?', 'It is 4711.', 'Once more?']);
});

it('of a stream that is too long for a conversation the beginning is kept, as half an answer', async () => {
  const gateway = await aiGateway([await streams(word('4711'.padEnd(1e6, '.')).repeat(20))], ON);
  await chat(gateway, streamed('What?'), S1);
  const { body } = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  const [turn] = body.turns as { status: string; content: { messages: { content: [{ text: string }] }[] } }[];
  expect(turn?.status).toBe('incomplete');
  expect(turn?.content.messages[1]?.content[0].text).toHaveLength(16e6);
  const cut = { op: 'append', outcome: 'cut' };
  expect(await gateway.metric('gateway_context_operations_total', cut)).toBe(1);
});

it('an answer that is given again costs nothing: a spent budget is no reason to refuse it', async () => {
  const budgets = [{ name: 'calls', scope: 'consumer', requests: 1, per: '1d' }];
  const gateway = await aiGateway([await streams(word('One.'))], { ...ON, ai: { budgets } });
  const ask = (key: string) => chat(gateway, streamed('one'), { ...S1, 'idempotency-key': key });
  const [first, again, other] = [await ask('k1'), await ask('k1'), await ask('k2')];
  expect([first.status, again.status, other.status]).toEqual([200, 200, 429]);
  expect(again.headers['x-context-status']).toBe('replay');
});

it('another request with the key of an earlier one is refused, in the words of its vendor', async () => {
  const gateway = await aiGateway([await knowingProvider(), asAnthropic(await modelService())], ON);
  const again = { headers: { 'x-session-id': 's1', 'idempotency-key': 'k1' } };
  const { completions } = sdk(gateway).chat;
  const ask = (content: string, model = 'smart') =>
    completions.create({ model, max_tokens: 50, messages: [{ role: 'user', content }] }, again);
  const first = await ask('one');
  const log = [{ role: 'user' as const, content: 'one' }];
  expect(saidIn(await ask('one'))).toBe(saidIn(first));
  await expect(ask('two')).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  await expect(ask('one', 'backup-1')).rejects.toMatchObject({ status: 422 });
  const longer = [...log, { role: 'assistant' as const, content: 'No.' }, ...log];
  // It ends as the other did.
  await expect(
    completions.create({ model: 'smart', max_tokens: 50, messages: longer }, again),
  ).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  // All that shapes an answer counts, how it is carried does not.
  for (const more of [
    { max_tokens: 51 },
    { temperature: 1 },
    { response_format: { type: 'json_object' as const } },
  ])
    await expect(
      completions.create({ model: 'smart', max_tokens: 50, messages: log, ...more }, again),
    ).rejects.toMatchObject({ status: 422 });
  const instructed = [{ role: 'system' as const, content: 'Be brief.' }, ...log];
  await expect(
    completions.create({ model: 'smart', max_tokens: 50, messages: instructed }, again),
  ).rejects.toMatchObject({ status: 422 });
  const streamed = completions.create({ model: 'smart', max_tokens: 50, messages: log, stream: true }, again);
  let text = '';
  for await (const chunk of await streamed) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toBe(saidIn(first));
  const anthropic = anthropicSdk(gateway).messages.create(
    { model: 'smart', max_tokens: 50, messages: [{ role: 'user', content: 'three' }] },
    again,
  );
  await expect(anthropic).rejects.toMatchObject({ status: 422, error: { type: 'error' } });
});

it('an answer that says nothing is still the answer to its own request alone', async () => {
  const gateway = await aiGateway([await streams('')], ON);
  const again = { ...S1, 'idempotency-key': 'k1' };
  const ask = async (content: string) => {
    const { status, headers } = await chat(gateway, streamed(content), again);
    return [status, headers['x-context-status']];
  };
  expect(await ask('one')).toEqual([200, 'new']);
  expect((await ask('two'))[0]).toBe(422);
  expect(await ask('one')).toEqual([200, 'replay']);
});

it('a response that is given again has the id that the next one can follow', async () => {
  const { responses } = sdk(await aiGateway([asAnthropic(await modelService())], ON));
  const again = { headers: { 'x-session-id': 's1', 'idempotency-key': 'k1' } };
  const body = { model: 'smart', input: 'My name is Ann.' };
  const first = await responses.create(body, again);
  const second = await responses.create(body, again);
  expect([second.id, second.output]).toEqual([first.id, first.output]);
  const [ids, items] = [new Set<string>(), new Set<string>()];
  for await (const event of await responses.create({ ...body, stream: true }, again)) {
    if ('response' in event) ids.add(event.response.id);
    if ('item_id' in event) items.add(event.item_id);
  }
  expect([[...ids], [...items]]).toEqual([[first.id], [first.output[0]?.id]]);
  const next = await responses.create({ model: 'smart', input: 'And now?', previous_response_id: second.id });
  expect(next.previous_response_id).toBe(first.id);
  await responses.delete(first.id);
  await expect(responses.create(body, again)).rejects.toMatchObject({ status: 404 });
});

it('a response that is given again has its items’ ids also where thoughts follow one another', async () => {
  const provider = await rawProvider((response) => {
    const thoughts = ['Hm.', 'Well.'].map((text, at) => ({
      type: 'reasoning',
      id: `rs_${at}`,
      summary: [{ type: 'summary_text', text }],
    }));
    const content = [{ type: 'output_text', text: 'Yes.', annotations: [] }];
    const said = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
    const whole = { id: 'resp_1', object: 'response', status: 'completed', model: 'o4' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...whole, output: [...thoughts, said] }));
  });
  const { responses } = sdk(await aiGateway([provider], ON));
  const ask = () =>
    responses.create({ model: 'smart', input: 'Is it?' }, { headers: { 'idempotency-key': 'k1' } });
  expect((await ask()).output.map(({ id }) => id)).toEqual(['rs_0', 'rs_1', 'msg_1']);
  // The two have no seal, and are one by now.
  expect((await ask()).output.map(({ id }) => id)).toEqual(['rs_0', 'msg_1']);
});

it('a response that begins its conversation is answered once however often it is asked for with its key', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON);
  const { responses } = sdk(gateway);
  const ask = (input: string, key: string, user = 'ann') =>
    responses.create({ model: 'smart', input, user }, { headers: { 'idempotency-key': key } });
  const first = await ask('Hello.', 'k1');
  const again = await ask('Hello.', 'k1');
  expect([again.id, again.output_text]).toEqual([first.id, first.output_text]);
  expect(provider.prompts).toHaveLength(1);
  const next = await responses.create({
    model: 'smart',
    input: 'Go on.',
    user: 'ann',
    previous_response_id: again.id,
  });
  expect(next.output_text).toBe('I have read 3 messages.');
  // Another's key, though it is the same, and another key begin others.
  const others = [await ask('Hello.', 'k1', 'bob'), await ask('Hello.', 'k2')];
  expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(3);
  expect(others.map(({ output_text }) => output_text)).toEqual(Array(2).fill('I have read 1 messages.'));
  await expect(ask('Good bye.', 'k1')).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' });
});

it('a key that begins a response is as good as new when its conversation is over: nobody misses that', async () => {
  const start = Date.now();
  let hours = 0;
  const provider = await knowingProvider();
  const gateway = await aiGateway(
    [{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }],
    ON,
    {},
    { now: () => start + hours * 3_600_000 },
  );
  const ask = () =>
    sdk(gateway)
      .responses.create({ model: 'smart', input: 'Hello.' }, { headers: { 'idempotency-key': 'k1' } })
      .withResponse();
  const first = await ask();
  hours = 25;
  const second = await ask();
  expect(second.data.id).not.toBe(first.data.id);
  expect(second.response.headers.get('x-context-status')).toBe('new');
  expect(await gateway.metric('gateway_context_continuity_total', { cause: 'ttl' })).toBe(0);
});

it('a response that broke off is asked for anew with its key as if nothing had been said', async () => {
  let calls = 0;
  const prompts: unknown[] = [];
  const provider = await rawProvider((response, { body }) => {
    prompts.push((JSON.parse(body.toString()) as { messages: unknown }).messages);
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('Half of')}`);
    if (++calls === 1) setImmediate(() => response.destroy());
    else response.end(`${word(' it, and the rest.')}${STOP}${DONE}`);
  });
  const { responses } = sdk(await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON));
  const say = async () => {
    const stream = await responses.create(
      { model: 'smart', input: 'All of it!', stream: true },
      { headers: { 'idempotency-key': 'k1' } },
    );
    let last: OpenAI.Responses.Response | undefined;
    for await (const event of stream) if (event.type === 'response.completed') last = event.response;
    return last;
  };
  expect(await say().catch(() => undefined)).toBeUndefined();
  const whole = await say();
  expect(whole?.output).toMatchObject([{ content: [{ text: 'Half of it, and the rest.' }] }]);
  expect((await say())?.id).toBe(whole?.id);
  expect(prompts).toEqual(Array(2).fill([{ role: 'user', content: 'All of it!' }]));
});

it('a question whose answer broke off stands in the conversation once when it is asked again with its key', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  provider.breakOff('Who is there?', 'I have');
  const ask = (key: string) => chat(gateway, streamed('Who is there?'), { ...S1, 'idempotency-key': key });
  expect((await ask('k1')).body.toString()).not.toContain('[DONE]');
  expect((await ask('k1')).body.toString()).toContain('I have read 1 messages.');
  // Without its key it may be meant once more.
  await chat(gateway, streamed('Who is there?'), S1);
  const texts = provider.prompts.at(-1)?.map(({ content }) => content);
  expect(texts).toEqual(['Who is there?', 'I have read 1 messages.', 'Who is there?']);
});

it('who says the same again with another key means it once more', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  provider.breakOff('Go on.', 'Half of it');
  const ask = (key: string) => chat(gateway, streamed('Go on.'), { ...S1, 'idempotency-key': key });
  await ask('k1');
  await ask('k2');
  const texts = provider.prompts.at(-1)?.map(({ content }) => content);
  expect(texts).toEqual(['Go on.', 'Half of it', 'Go on.']);
});

it('a log whose question got no word of an answer is answered once however often it is sent with its key', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, onDisconnect: 'cancel' } });
  const messages = [
    { role: 'user', content: 'Hello.' },
    { role: 'assistant', content: 'I have read 1 messages.' },
    { role: 'user', content: 'Who is there?' },
  ];
  await chat(gateway, { model: 'smart', messages: messages.slice(0, 1) }, S1);
  const held = provider.hold('Who is there?');
  const leaves = new AbortController();
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json', ...S1 };
  const body = JSON.stringify({ model: 'smart', messages });
  const url = `${gateway.url}/v1/chat/completions`;
  const left = fetch(url, { method: 'POST', headers, body, signal: leaves.signal }).catch(() => 'left');
  await held.came;
  leaves.abort();
  expect(await left).toBe('left');
  await eventually(async () => (await admin(gateway, '/api/sessions/s1?consumer=app')).body.version === 2);
  held.go();
  const ask = () => chat(gateway, { model: 'smart', messages }, { ...S1, 'idempotency-key': 'k1' });
  const answers = [await ask(), await ask()];
  expect(answers.map(({ headers: { 'x-context-status': status } }) => status)).toEqual(['forked', 'replay']);
  expect(answers[1]?.body.toString()).toContain('I have read 3 messages.');
  expect(provider.prompts.at(-1)).toEqual(messages);
});
