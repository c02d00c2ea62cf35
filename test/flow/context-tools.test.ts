// Calls of tools and their results stay together, whoever deletes, corrects or leaves out what.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, DONE, ROLE, rawProvider, STOP, STREAM_HEADERS, sdk, word } from '../helpers/ai.ts';
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
    return { one, two };
  };
  for (const which of ['one', 'two'] as const) {
    const said = await asks();
    await responses.delete(said[which].id);
    const after = await responses.create({
      model: 'smart',
      input: 'And now?',
      previous_response_id: said.two.id,
    });
    expect(after.output_text).toBe('I see.');
    const tools = inputs.at(-1)?.filter(({ type }) => type?.startsWith('function_call'));
    expect([which, tools]).toEqual([which, []]);
  }
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

it('results whose answer broke off are brought again: what follows stands in the place of the half answer', async () => {
  const prompts: OpenAI.ChatCompletionMessageParam[][] = [];
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as OpenAI.ChatCompletionCreateParams;
    prompts.push(messages);
    if (prompts.length === 1) {
      const message = { role: 'assistant', content: null, tool_calls: [call] };
      const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
      return;
    }
    response.writeHead(200, STREAM_HEADERS);
    response.write(`${ROLE}${word('It is')}`);
    if (prompts.length < 4) setImmediate(() => response.destroy());
    else response.end(`${word(' sunny.')}${STOP}${DONE}`);
  });
  const gateway = await aiGateway([provider], ON);
  const headers = { 'x-session-id': 's1' };
  const bring = () =>
    chat(
      gateway,
      {
        model: 'smart',
        stream: true,
        messages: [{ role: 'tool', tool_call_id: 'call_1', content: 'sunny' }],
      },
      { ...headers, 'idempotency-key': 'k1' },
    );
  const question = { role: 'user', content: 'How is the weather?' };
  await chat(gateway, { model: 'smart', messages: [question] }, headers);
  for (const is of [false, false, true]) {
    const answer = await bring();
    expect([answer.status, answer.body.includes('sunny.')]).toEqual([200, is]);
    expect(prompts.at(-1)?.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
  }
  // From here on it is as if it had never broken off; and it is given again.
  expect((await bring()).headers['x-context-status']).toBe('replay');
  const next = { role: 'user', content: 'And now?' };
  await chat(gateway, { model: 'smart', stream: true, messages: [next] }, headers);
  expect(prompts.at(-1)?.map(({ content }) => content)).toEqual([
    question.content,
    null,
    'sunny',
    'It is sunny.',
    'And now?',
  ]);
  expect((await admin(gateway, '/api/sessions?consumer=app')).body.items).toMatchObject([
    { version: 5, count: 6 },
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
