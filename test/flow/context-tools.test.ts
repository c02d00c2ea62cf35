// Calls of tools and their results stay together, whoever deletes, corrects or leaves out what.
import type { ServerResponse } from 'node:http';
import type OpenAI from 'openai';
import { expect, it, onTestFinished, vi } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  asAnthropic,
  chat,
  DONE,
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
type Item = { type?: string; role?: string; call_id?: string; content?: unknown };

/** Speaks responses: calls a tool when it is asked for the weather, and refuses calls and results that do not belong together. */
async function responder() {
  const inputs: Item[][] = [];
  const provider = await rawProvider((response, { body }) => {
    const { input: sent } = JSON.parse(body.toString()) as { input: string | Item[] };
    const input = typeof sent === 'string' ? [{ role: 'user', content: sent }] : sent;
    inputs.push(input);
    const idsOf = (type: string) => input.filter((item) => item.type === type).map(({ call_id: id }) => id);
    const isWhole = idsOf('function_call').join() === idsOf('function_call_output').join();
    const isAsked = JSON.stringify(input.at(-1)).includes('weather');
    const call = {
      type: 'function_call',
      call_id: `call_${inputs.length}`,
      name: 'weather',
      arguments: '{}',
    };
    const content = [{ type: 'output_text', text: 'I see.', annotations: [] }];
    const message = { type: 'message', role: 'assistant', content };
    response.writeHead(isWhole ? 200 : 400, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: `resp_${inputs.length}`,
        object: 'response',
        status: 'completed',
        model: 'gpt-4o-mini',
        output: [isAsked ? call : message],
        usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      }),
    );
  });
  return { inputs, provider };
}

it('a response that is deleted takes the other half of its tool call out of what follows', async () => {
  const { inputs, provider } = await responder();
  const { responses } = sdk(await aiGateway([provider], ON));
  const asks = async () => {
    const one = await responses.create({ model: 'smart', input: 'How is the weather?' });
    const [call] = one.output as [OpenAI.Responses.ResponseFunctionToolCall];
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' };
    const two = await responses.create({ model: 'smart', input: [result], previous_response_id: one.id });
    const three = await responses.create({ model: 'smart', input: 'Good.', previous_response_id: two.id });
    return { one, two, three };
  };
  for (const which of ['one', 'two'] as const) {
    const said = await asks();
    await responses.delete(said[which].id);
    const after = await responses.create({
      model: 'smart',
      input: 'And now?',
      previous_response_id: said.three.id,
    });
    expect(after.output_text).toBe('I see.');
    const tools = inputs.at(-1)?.filter(({ type }) => type?.startsWith('function_call'));
    expect([which, tools]).toEqual([which, []]);
  }
});

it('a response that follows another has what was said before written into its body once', async () => {
  const { inputs, provider } = await responder();
  const { responses } = sdk(await aiGateway([provider], ON));
  const one = await responses.create({ model: 'smart', input: 'Hello.' });
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  await responses.create({ model: 'smart', input: 'And now?', previous_response_id: one.id });
  expect(inputs.at(-1)).toHaveLength(3);
  // As it goes on, only its provider reads it.
  const written = parse.mock.calls.filter(([text]) => String(text).includes('"store":false'));
  expect(written).toHaveLength(1);
});

it('an answer with a call, or one to its results, is corrected: both halves stay', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const headers = { 'x-session-id': 's1' };
  const say = (message: object) => chat(gateway, { model: 'smart', messages: [message] }, headers);
  await say({ role: 'user', content: 'How is the weather?' });
  await say({ role: 'tool', tool_call_id: 'call_1', content: 'sunny' });
  const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
  for (const { id } of body.turns as { id: string }[])
    await admin(gateway, '/api/sessions/s1/corrections?consumer=app', {
      body: { turn: id, text: `Not ${id}.`, reason: 'it was not' },
    });
  expect((await say({ role: 'user', content: 'And now?' })).status).toBe(200);
  expect(provider.prompts.at(-1)?.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'assistant',
    'tool',
    'assistant',
    'user',
  ]);
  expect(provider.prompts.at(-1)?.[2]?.tool_calls).toHaveLength(1);
});

const CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
const QUESTION = { role: 'user', content: 'How is the weather?' };
const CALLED = { role: 'assistant', content: null, tool_calls: [CALL] };
const RESULT = { role: 'tool', tool_call_id: 'call_1', content: 'sunny' };

/** Calls a tool where it is asked for the weather, and else begins to say what it is: how that ends is up to the test. */
async function weatherman(goOn: (response: ServerResponse, broughtResults: number) => void) {
  const prompts: OpenAI.ChatCompletionMessageParam[][] = [];
  let brought = 0;
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as OpenAI.ChatCompletionCreateParams;
    prompts.push(messages);
    const last = messages.at(-1);
    if (last?.content === QUESTION.content) {
      const choices = [{ index: 0, message: CALLED, finish_reason: 'tool_calls' }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
      return;
    }
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('It is')}`);
    goOn(response, last?.role === 'tool' ? ++brought : 0);
  });
  return { prompts, provider };
}

it.each([
  ['alone', []],
  ['behind what led to them', [QUESTION, CALLED]],
])('results whose answer broke off are brought again %s: what follows stands in the place of the half answer', async (_, before) => {
  const { prompts, provider } = await weatherman((response, brought) => {
    if (brought > 0 && brought < 3) setImmediate(() => response.destroy());
    else response.end(`${word(' sunny.')}${STOP}${DONE}`);
  });
  const gateway = await aiGateway([provider], ON);
  const headers = { 'x-session-id': 's1' };
  const say = (messages: object[], more: object = {}) =>
    chat(gateway, { model: 'smart', stream: true, messages }, { ...headers, ...more });
  const bring = () => say([...before, RESULT], { 'idempotency-key': 'k1' });
  await say([{ role: 'user', content: 'Hello.' }]);
  await chat(gateway, { model: 'smart', messages: [QUESTION] }, headers);
  for (const is of [false, false, true]) {
    const answer = await bring();
    expect([answer.status, answer.body.includes('sunny.')]).toEqual([200, is]);
    expect(prompts.at(-1)?.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'tool',
    ]);
  }
  // From here on it is as if it had never broken off; and it is given again.
  expect((await bring()).headers['x-context-status']).toBe('replay');
  await say([{ role: 'user', content: 'And now?' }]);
  expect(prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'Hello.',
    'It is sunny.',
    QUESTION.content,
    null,
    'sunny',
    'It is sunny.',
    'And now?',
  ]);
  expect((await admin(gateway, '/api/sessions?consumer=app')).body.items).toMatchObject([
    { version: 6, count: 8 },
  ]);
});

it.each([
  ['told by itself', {}],
  ['as the client says', { 'x-context-mode': 'delta' }],
])('a client that sends only what is new repeats a call before its results: it goes on where it was, %s', async (_, more) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const say = (...messages: object[]) =>
    chat(gateway, { model: 'smart', messages }, { 'x-session-id': 's1', ...more });
  await say({ role: 'user', content: 'My account number is 4711.' });
  const asked = await say(QUESTION);
  const { choices } = JSON.parse(asked.body.toString()) as { choices: { message: object }[] };
  const answer = await say(QUESTION, choices[0]?.message ?? {}, RESULT);
  expect(answer.headers['x-context-status']).toBe('hit');
  await say({ role: 'user', content: 'What is my account number?' });
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'My account number is 4711.',
    'I have read 1 messages.',
    QUESTION.content,
    null,
    'sunny',
    'It is sunny.',
    'What is my account number?',
  ]);
});

it('the tools that an SDK runs by itself are a part of a chat that sends only what is new', async () => {
  const provider = await knowingProvider();
  const { chat: to } = sdk(await aiGateway([provider], ON));
  const options = { headers: { 'x-session-id': 's1' } };
  const say = async (content: string) => {
    const messages = [{ role: 'user' as const, content }];
    const { choices } = await to.completions.create({ model: 'smart', messages }, options);
    return choices[0]?.message.content;
  };
  await say('My account number is 4711.');
  const runner = to.completions.runTools(
    {
      model: 'smart',
      messages: [{ role: 'user', content: 'How is the weather?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'of a city',
            parameters: { type: 'object', properties: {} },
            function: () => 'sunny',
          },
        },
      ],
    },
    options,
  );
  expect(await runner.finalContent()).toBe('It is sunny.');
  expect(provider.prompts.at(-1)?.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'user',
    'assistant',
    'tool',
  ]);
  expect(await say('What is my account number?')).toBe('It is 4711.');
  expect(provider.prompts.at(-1)).toHaveLength(7);
});

it('and so it is in messages', async () => {
  const prompts: { role: string }[][] = [];
  const call = { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Oslo' } };
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as { messages: { role: string }[] };
    prompts.push(messages);
    const isAsked = JSON.stringify(messages.at(-1)).includes('weather');
    const content = [isAsked ? call : { type: 'text', text: 'I see.' }];
    const about = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content };
    const usage = { input_tokens: 5, output_tokens: 5 };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...about, stop_reason: isAsked ? 'tool_use' : 'end_turn', usage }));
  });
  const gateway = await aiGateway([asAnthropic(provider)], ON);
  const say = (...messages: object[]) =>
    chat(gateway, { model: 'smart', max_tokens: 100, messages }, { 'x-session-id': 's1' }, '/v1/messages');
  await say({ role: 'user', content: 'My account number is 4711.' });
  await say(QUESTION);
  const result = { type: 'tool_result', tool_use_id: 'call_1', content: 'sunny' };
  const called = { role: 'assistant', content: [call] };
  const answer = await say(QUESTION, called, { role: 'user', content: [result] });
  expect(answer.headers['x-context-status']).toBe('hit');
  expect(prompts.at(-1)?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
});

it('of a tool that is no function the call is not kept: its result is refused, unless the call comes with it', async () => {
  const call = {
    type: 'custom_tool_call',
    id: 'ctc_1',
    call_id: 'call_1',
    name: 'patch',
    input: '*',
  } as const;
  const inputs: Item[][] = [];
  const provider = await rawProvider((response, { body }) => {
    inputs.push((JSON.parse(body.toString()) as { input: Item[] }).input);
    response.setHeader('content-type', 'application/json');
    const id = `resp_${inputs.length}`;
    const about = { id, object: 'response', status: 'completed', model: 'gpt-4o-mini' };
    response.end(JSON.stringify({ ...about, output: inputs.length === 1 ? [call] : [] }));
  });
  const gateway = await aiGateway([provider], ON);
  const { responses } = sdk(gateway);
  const { id } = await responses.create({ model: 'smart', input: 'Patch it.' });
  const result = { type: 'custom_tool_call_output', call_id: 'call_1', output: 'done' } as const;
  const bring = (input: OpenAI.Responses.ResponseInput) =>
    responses.create({ model: 'smart', input, previous_response_id: id });
  await expect(bring([result])).rejects.toMatchObject({
    status: 400,
    code: 'field_not_supported',
    param: 'input[0]',
  });
  expect(inputs).toHaveLength(1);
  await bring([call, result]);
  expect(inputs.at(-1)).toMatchObject([{ role: 'user' }, call, result]);
  const { body } = await admin(gateway, '/api/sessions?consumer=app');
  expect(body.items).toMatchObject([{ version: 2 }]);
});

it('who speaks while results are brought again is not thrown off: the answer to them stands behind', async () => {
  let goOn = (): void => undefined;
  const { prompts, provider } = await weatherman((response, brought) => {
    const end = (text: string) => void response.end(`${word(text)}${STOP}${DONE}`);
    if (brought === 1) setImmediate(() => response.destroy());
    else if (brought === 2) goOn = () => end(' sunny.');
    else end(' noted.');
  });
  const gateway = await aiGateway([provider], ON);
  const say = (message: object, stream = true) =>
    chat(gateway, { model: 'smart', stream, messages: [message] }, { 'x-session-id': 's1' });
  await say(QUESTION, false);
  await say(RESULT);
  const again = say(RESULT);
  await eventually(() => prompts.length === 3);
  await say({ role: 'user', content: 'I live in Oslo.' });
  goOn();
  expect((await again).trailers?.['x-context-version']).toBe('4');
  await say({ role: 'user', content: 'And now?' });
  expect(prompts.at(-1)?.map(({ content }) => content)).toEqual([
    QUESTION.content,
    null,
    'sunny',
    'It is',
    'I live in Oslo.',
    'It is noted.',
    'It is sunny.',
    'And now?',
  ]);
});

it('an agent that only brings results is compacted between a call and them, and goes on', async () => {
  const { inputs, provider } = await responder();
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 900, verbatimTurns: 2 } },
  });
  const { responses } = sdk(gateway);
  let last = await responses.create({
    model: 'smart',
    max_output_tokens: 100,
    input: 'How is the weather? My account number is 4711.',
  });
  for (let round = 0; round < 16; round++) {
    const [call] = last.output as [OpenAI.Responses.ResponseFunctionToolCall];
    const output = `The weather of round ${round}: ${'words of no weight '.repeat(6)}`;
    last = await responses.create({
      model: 'smart',
      max_output_tokens: 100,
      input: [{ type: 'function_call_output', call_id: call.call_id, output }],
      previous_response_id: last.id,
    });
  }
  await eventually(
    async () => (await gateway.metric('gateway_context_compactions_total', { outcome: 'by_facts' })) >= 1,
  );
  expect(inputs.at(-1)?.length).toBeLessThan(16);
});

it('results come for a call whose turn a summary ends with', async () => {
  const { inputs, provider } = await responder();
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 900, verbatimTurns: 1 } },
  });
  const { responses } = sdk(gateway);
  const said: OpenAI.Responses.Response[] = [];
  for (let turn = 0; turn < 12; turn++)
    said.push(
      await responses.create({
        model: 'smart',
        max_output_tokens: 100,
        input: `How is the weather of ${turn}? ${'words of no weight '.repeat(14)}`,
        previous_response_id: said.at(-1)?.id ?? null,
      }),
    );
  const { context } = await eventually(() =>
    gateway.lines.findLast(
      (line) => (line.context as { outcome?: string } | undefined)?.outcome === 'by_facts',
    ),
  );
  const { body } = await admin(gateway, '/api/sessions?consumer=app');
  expect(body.items).toMatchObject([{ version: 12, count: 24 }]);
  const last = said[(context as { version: number }).version - 1] as OpenAI.Responses.Response;
  const [call] = last.output as [OpenAI.Responses.ResponseFunctionToolCall];
  const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' };
  await responses.create({ model: 'smart', input: [result], previous_response_id: last.id });
  expect(inputs.at(-1)?.slice(-2)).toMatchObject([{ type: 'function_call', call_id: call.call_id }, result]);
});
