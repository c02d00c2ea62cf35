// A conversation goes on with whoever is asked: with all that was said, and with what that vendor itself has signed.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { aiGateway, anthropicSdk, chat, rawProvider, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const SESSION = { headers: { 'x-session-id': 's1' } };

interface Block {
  type: string;
  signature?: string;
  [key: string]: unknown;
}
type Blocks = { role: string; content: string | Block[] }[];

/** Speaks messages: thinks and calls a tool, and wants its thoughts back with the results, as Anthropic does. */
async function thinker(thinking = 'Look it up.') {
  const asked: Blocks[] = [];
  const state = { isDown: false };
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as { messages: Blocks };
    if (state.isDown) {
      response.writeHead(503).end('{}');
      return;
    }
    asked.push(messages);
    const isCalled = JSON.stringify(messages).includes('tool_result');
    const thought = { type: 'thinking', thinking, signature: 'sig-1' };
    const call = { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Oslo' } };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: isCalled ? [{ type: 'text', text: 'It is sunny.' }] : [thought, call],
        stop_reason: isCalled ? 'end_turn' : 'tool_use',
        usage: { input_tokens: 5, output_tokens: 5 },
      }),
    );
  });
  return { asked, state, at: { kind: 'anthropic', baseUrl: provider.url } };
}

const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }];
const asksWeather = { role: 'user' as const, content: 'How is the weather?' };

it('what Anthropic has signed goes back to it, although another vendor stands behind it', async () => {
  const { asked, at } = await thinker();
  const gateway = await aiGateway([at, await knowingProvider()], ON);
  const { messages } = anthropicSdk(gateway);
  const rest = { model: 'smart', max_tokens: 50, tools };
  await messages.create({ ...rest, messages: [asksWeather] }, SESSION);
  const result = { type: 'tool_result' as const, tool_use_id: 'call_1', content: 'sunny' };
  const answer = await messages.create({ ...rest, messages: [{ role: 'user', content: [result] }] }, SESSION);
  expect(answer.content).toMatchObject([{ text: 'It is sunny.' }]);
  expect(asked[1]?.[1]?.content).toMatchObject([
    { type: 'thinking', signature: 'sig-1' },
    { type: 'tool_use' },
  ]);
});

it('and so it does where the client speaks chat completions', async () => {
  const { asked, at } = await thinker();
  const { completions } = sdk(await aiGateway([at, await knowingProvider()], ON)).chat;
  const rest = { model: 'smart', max_tokens: 50 };
  await completions.create({ ...rest, messages: [asksWeather] }, SESSION);
  const result = { role: 'tool' as const, tool_call_id: 'call_1', content: 'sunny' };
  await completions.create({ ...rest, messages: [result] }, SESSION);
  expect(asked[1]?.[1]?.content).toMatchObject([
    { type: 'thinking', signature: 'sig-1' },
    { type: 'tool_use' },
  ]);
});

it('and where it speaks responses, thoughts that Claude keeps for itself included', async () => {
  const { asked, at } = await thinker('');
  const { responses } = sdk(await aiGateway([at, await knowingProvider()], ON));
  const { id } = await responses.create({ model: 'smart', input: 'How is the weather?' });
  const result = { type: 'function_call_output' as const, call_id: 'call_1', output: 'sunny' };
  await responses.create({ model: 'smart', input: [result], previous_response_id: id });
  expect(asked[1]?.[1]?.content).toMatchObject([
    { type: 'thinking', thinking: '', signature: 'sig-1' },
    { type: 'tool_use' },
  ]);
});

it('the backup gets all of it, calls and results included, and nothing that it can’t read', async () => {
  const { at, state } = await thinker();
  const backup = await knowingProvider();
  const { messages } = anthropicSdk(await aiGateway([at, backup], ON));
  const rest = { model: 'smart', max_tokens: 50, tools };
  await messages.create({ ...rest, system: 'Be brief.', messages: [asksWeather] }, SESSION);
  state.isDown = true;
  const result = { type: 'tool_result' as const, tool_use_id: 'call_1', content: 'sunny' };
  const answer = await messages.create({ ...rest, messages: [{ role: 'user', content: [result] }] }, SESSION);
  expect(answer.content).toMatchObject([{ text: 'It is sunny.' }]);
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Oslo"}' },
  };
  expect(backup.prompts).toEqual([
    [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How is the weather?' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
    ],
  ]);
});

it('the other way round too: what one speaks in chat completions Anthropic gets in its own form', async () => {
  const primary = await knowingProvider();
  const { asked, at } = await thinker();
  const { completions } = sdk(await aiGateway([primary, at], ON)).chat;
  const rest = { model: 'smart', max_tokens: 50 };
  await completions.create({ ...rest, messages: [asksWeather] }, SESSION);
  await primary.close();
  const result = { role: 'tool' as const, tool_call_id: 'call_1', content: 'sunny' };
  const answer = await completions.create({ ...rest, messages: [result] }, SESSION);
  expect(answer.choices[0]?.message.content).toBe('It is sunny.');
  expect(asked).toMatchObject([
    [
      { role: 'user', content: [{ type: 'text', text: 'How is the weather?' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', input: { city: 'Oslo' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1' }] },
    ],
  ]);
});

const RESULTS: readonly (readonly [path: string, first: object, second: object])[] = [
  [
    '/v1/chat/completions',
    { messages: [asksWeather] },
    { messages: [{ role: 'tool', tool_call_id: 'c1', content: 'sunny' }] },
  ],
  [
    '/v1/messages',
    { max_tokens: 50, messages: [asksWeather] },
    {
      max_tokens: 50,
      messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'sunny' }] }],
    },
  ],
  [
    '/v1/responses',
    { input: [asksWeather] },
    { input: [{ type: 'function_call_output', call_id: 'c1', output: 'sunny' }] },
  ],
];

it.each(RESULTS)('calls that Gemini has signed go back to it signed (%s)', async (path, first, second) => {
  const asked: { contents: { parts: object[] }[] }[] = [];
  const call = { functionCall: { id: 'c1', name: 'weather', args: {} }, thoughtSignature: 'c2ln' };
  const provider = await rawProvider((response, { body }) => {
    asked.push(JSON.parse(body.toString()) as { contents: { parts: object[] }[] });
    const parts = asked.length === 1 ? [{ text: 'Hm.', thought: true }, call] : [{ text: 'It is sunny.' }];
    const candidates = [{ content: { parts }, finishReason: 'STOP' }];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ candidates }));
  });
  const models = { smart: { targets: [{ provider: 'p0', model: 'gemini-3-pro' }] } };
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: provider.url }], { ...ON, models });
  for (const body of [first, second])
    expect((await chat(gateway, { model: 'smart', ...body }, SESSION.headers, path)).status).toBe(200);
  expect(asked[1]?.contents[1]?.parts).toEqual([call]);
});

it('what DeepSeek thought goes back to it with the calls that it led to, and to nobody else', async () => {
  type Said = { role: string; reasoning_content?: string }[];
  const asked: Record<string, Said[]> = { deepseek: [], openai: [] };
  const state = { isDown: false };
  const service = (name: 'deepseek' | 'openai') =>
    rawProvider((response, { body }) => {
      if (name === 'deepseek' && state.isDown) {
        response.writeHead(503).end('{}');
        return;
      }
      const { messages } = JSON.parse(body.toString()) as { messages: Said };
      asked[name]?.push(messages);
      const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
      const message = messages.some(({ role }) => role === 'tool')
        ? { content: 'It is sunny.' }
        : { content: null, reasoning_content: 'Look it up.', tool_calls: [call] };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 'c', choices: [{ message, finish_reason: 'stop' }] }));
    });
  const deepseek = { kind: 'deepseek', baseUrl: (await service('deepseek')).url };
  const gateway = await aiGateway([deepseek, await service('openai')], ON);
  const { completions } = sdk(gateway).chat;
  const say = (message: OpenAI.ChatCompletionMessageParam) =>
    completions.create({ model: 'smart', messages: [message] }, SESSION);

  await say({ role: 'user', content: 'How is the weather?' });
  await say({ role: 'tool', tool_call_id: 'call_1', content: 'sunny' });
  state.isDown = true;
  await say({ role: 'user', content: 'And tomorrow?' });

  expect(asked.deepseek?.[1]?.[1]).toMatchObject({ role: 'assistant', reasoning_content: 'Look it up.' });
  expect(asked.openai?.[0]?.[1]).toMatchObject({ role: 'assistant' });
  expect(JSON.stringify(asked.openai)).not.toContain('Look it up.');
});

it('a log of which an answer was a picture alone is one all the same', async () => {
  const asked: { contents: { role: string; parts: object[] }[] }[] = [];
  const picture = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  const provider = await rawProvider((response, { body }) => {
    asked.push(JSON.parse(body.toString()) as (typeof asked)[number]);
    const candidates = [{ content: { parts: [picture] }, finishReason: 'STOP' }];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ candidates }));
  });
  const models = { smart: { targets: [{ provider: 'p0', model: 'gemini-2.5-flash-image' }] } };
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: provider.url }], { ...ON, models });
  const log: object[] = [];
  for (const content of ['Draw a cod.', 'Bluer.', 'Bigger.']) {
    log.push({ role: 'user', content });
    const answer = await chat(gateway, { model: 'smart', messages: log }, SESSION.headers);
    expect(answer.headers['x-context-status']).toBe(log.length === 1 ? 'new' : 'hit');
    log.push(
      (JSON.parse(answer.body.toString()) as { choices: { message: object }[] }).choices[0]
        ?.message as object,
    );
  }
  expect(asked[2]?.contents.map(({ role }) => role)).toEqual(['user', 'model', 'user', 'model', 'user']);
  expect(asked[2]?.contents[3]?.parts).toEqual([picture]);

  await chat(gateway, { model: 'smart', messages: [{ role: 'user', content: 'Done?' }] }, SESSION.headers);
  const texts = ['Draw a cod.', 'Bluer.', 'Bigger.', 'Done?'].map((text) => ({ text }));
  expect(asked[3]?.contents).toEqual([{ role: 'user', parts: texts }]);
});
