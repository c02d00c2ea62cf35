// A call of a tool has the id that its model gave it, and goes back with its result to whichever model answers next. Vendors
// refuse ids that are not like their own: so each is sent ids that it takes, and a call and its result still agree.
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { aiGateway, anthropicSdk, asAnthropic, rawProvider, sdk } from '../helpers/ai.ts';

type Entry = {
  id?: string;
  tool_use_id?: string;
  tool_call_id?: string;
  tool_calls?: Entry[];
  content?: Entry[] | string;
};

/** All ids of calls in messages, in their order. */
const idsIn = (messages: Entry[]): string[] =>
  messages.flatMap(({ content, tool_calls: calls = [], tool_call_id: ofResult }) => [
    ...calls.map(({ id }) => id as string),
    ...(ofResult === undefined ? [] : [ofResult]),
    ...(Array.isArray(content) ? content : []).flatMap(({ id, tool_use_id }) => id ?? tool_use_id ?? []),
  ]);

const wasCalled = (messages: Entry[]): boolean => idsIn(messages).length > 0;

/** A provider that refuses ids that are not like its own, calls a tool at first, and then has done. */
async function vendor(fits: RegExp, call: (isFirst: boolean) => object) {
  const asked: Entry[][] = [];
  const provider = await rawProvider((response, { body }) => {
    const { messages } = JSON.parse(body.toString()) as { messages: Entry[] };
    asked.push(messages);
    const wrong = idsIn(messages).find((id) => !fits.test(id));
    response.setHeader('content-type', 'application/json');
    response.statusCode = wrong === undefined ? 200 : 400;
    const error = { error: { message: `Tool call id was ${wrong}` } };
    response.end(JSON.stringify(wrong === undefined ? call(!wasCalled(messages)) : error));
  });
  return { asked, url: provider.url };
}

const completion = (id: string) => (isFirst: boolean) => ({
  id: 'c',
  object: 'chat.completion',
  choices: [
    isFirst
      ? {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [{ id, type: 'function', function: { name: 'look', arguments: '{}' } }],
          },
          finish_reason: 'tool_calls',
        }
      : { index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' },
  ],
});

const message = (id: string) => (isFirst: boolean) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: isFirst ? [{ type: 'tool_use', id, name: 'look', input: {} }] : [{ type: 'text', text: 'Done.' }],
  stop_reason: isFirst ? 'tool_use' : 'end_turn',
  usage: { input_tokens: 5, output_tokens: 5 },
});

const OF_KIMI = 'functions.look:0';
const OF_GPT = 'call_PTLP8xhu3uwZk4l3nlnrrJha';
const OF_CLAUDE = 'toolu_01D7FLrfh4GYq7yT1ULFeyMV';
const OF_MISTRAL = 'D681PevKs';
const OF_VLLM = 'chatcmpl-tool-0123456789abcdef0123456789abcdef';

async function vendors() {
  const kimi = await vendor(/./, completion(OF_KIMI));
  const claude = await vendor(/^[a-zA-Z0-9_-]+$/, message(OF_CLAUDE));
  const gpt = await vendor(/^.{1,40}$/, completion(OF_GPT));
  const mistral = await vendor(/^[a-zA-Z0-9]{9}$/, completion(OF_MISTRAL));
  const vllm = await vendor(/./, completion(OF_VLLM));
  const gateway = await aiGateway(
    [
      { kind: 'moonshot', baseUrl: kimi.url },
      asAnthropic(claude),
      { url: gpt.url },
      { kind: 'mistral', baseUrl: mistral.url },
      { kind: 'vllm', baseUrl: vllm.url },
    ],
    {
      models: Object.fromEntries(
        ['kimi', 'claude', 'gpt', 'mistral', 'vllm'].map((name, at) => [
          name,
          { targets: [{ provider: `p${at}`, model: name }] },
        ]),
      ),
    },
  );
  return { gateway, asked: { kimi, claude, gpt, mistral, vllm } };
}

type Name = keyof Awaited<ReturnType<typeof vendors>>['asked'];
const WAYS: [Name, Name][] = [
  ['kimi', 'claude'],
  ['gpt', 'mistral'],
  ['claude', 'mistral'],
  ['kimi', 'mistral'],
  ['mistral', 'claude'],
];

it.each([...WAYS, ['vllm', 'gpt']] as [
  Name,
  Name,
][])('a client of messages takes a call from %s to %s', async (first, next) => {
  const { gateway, asked } = await vendors();
  const { messages: api } = anthropicSdk(gateway);
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Look.' }];
  const tools: Anthropic.Tool[] = [{ name: 'look', input_schema: { type: 'object' } }];
  const ask = (model: string) => api.create({ model, messages, tools, max_tokens: 99 });
  const { role, content } = await ask(first);
  const [call] = content;
  if (call?.type !== 'tool_use') throw new Error('no call');
  const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'Nothing.' };
  messages.push({ role, content }, { role: 'user', content: [result] });
  expect((await ask(next)).content).toMatchObject([{ type: 'text', text: 'Done.' }]);
  const [ofCall, ofResult] = idsIn(asked[next].asked.at(-1) ?? []);
  expect(ofCall).toBe(ofResult);

  await ask(first);
  expect(idsIn(asked[first].asked.at(-1) ?? []), 'who made it gets its own back').toEqual([call.id, call.id]);
});

it.each(WAYS)('a client of chat completions takes a call from %s to %s', async (first, next) => {
  const { gateway, asked } = await vendors();
  const { completions } = sdk(gateway).chat;
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Look.' }];
  const ask = (model: string) => completions.create({ model, messages });
  const [choice] = (await ask(first)).choices;
  const [call] = choice?.message.tool_calls ?? [];
  if (!choice || !call) throw new Error('no call');
  messages.push(choice.message, { role: 'tool', tool_call_id: call.id, content: 'Nothing.' });
  expect((await ask(next)).choices[0]?.message.content).toBe('Done.');
  const [ofCall, ofResult] = idsIn(asked[next].asked.at(-1) ?? []);
  expect(ofCall).toBe(ofResult);
});
