// Clients of OpenAI's API read a response that was kept, and the items of a conversation, as they were made.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  asAnthropic,
  chat,
  modelService,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const ABOUT = { instructions: 'Be brief.', metadata: { topic: 'weather', note: 'of today' } };
const TOOL = {
  type: 'function' as const,
  name: 'weather',
  description: 'Tells the weather.',
  parameters: { type: 'object', properties: {} },
  strict: false,
};

/** What OpenAI's API says of a response as its client asked for it. */
const aboutOf = ({ id, instructions, metadata, usage }: OpenAI.Responses.Response) => ({
  id,
  instructions,
  metadata,
  usage,
});

/** Speaks responses: thinks, seals it, and says of what it was asked with what OpenAI says. */
async function thinker() {
  return await rawProvider((response, { body }) => {
    const { instructions = null, metadata = {} } = JSON.parse(body.toString()) as Record<string, unknown>;
    const content = [{ type: 'output_text', text: 'It is sunny.', annotations: [] }];
    const whole = {
      id: 'resp_of_theirs',
      object: 'response',
      status: 'completed',
      model: 'gpt-4o-mini',
      store: false,
      previous_response_id: null,
      instructions,
      metadata,
      output: [
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' },
        { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content },
      ],
      usage: {
        input_tokens: 90,
        input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
        output_tokens: 30,
        output_tokens_details: { reasoning_tokens: 20 },
        total_tokens: 120,
      },
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
  });
}

it.each([
  ['the provider’s own', thinker],
  ['translated', async () => asAnthropic(await modelService())],
])('a response is read as it was made, %s', async (_, open) => {
  const { responses } = sdk(await aiGateway([await open()], ON));
  const made = await responses.create({ model: 'smart', input: 'How is the weather?', ...ABOUT });
  expect(made).toMatchObject(ABOUT);
  expect(made.usage?.output_tokens).toBeGreaterThan(0);
  expect(aboutOf(await responses.retrieve(made.id))).toEqual(aboutOf(made));
  // They are of their own response.
  const next = await responses.create({ model: 'smart', input: 'Sure?', previous_response_id: made.id });
  expect(await responses.retrieve(next.id)).toMatchObject({ instructions: null, metadata: {} });
});

const SETTINGS = {
  temperature: 0.2,
  max_output_tokens: 500,
  tool_choice: 'none' as const,
  parallel_tool_calls: false,
};

it('how a response was to be made it says when it is made, and when it is read', async () => {
  const { responses } = sdk(await aiGateway([asAnthropic(await modelService())], ON));
  const asked = { model: 'smart', input: 'How is the weather?', tools: [TOOL], ...SETTINGS };
  const made = await responses.create(asked);
  expect(made).toMatchObject({ ...SETTINGS, tools: [TOOL] });
  // Tools are not kept: they would be many times what is said.
  expect(await responses.retrieve(made.id)).toMatchObject({ ...SETTINGS, tools: [] });
  const next = await responses.create({ model: 'smart', input: 'Sure?', previous_response_id: made.id });
  const usual = { temperature: null, tool_choice: 'auto', parallel_tool_calls: true };
  expect(await responses.retrieve(next.id)).toMatchObject(usual);
});

it.each([
  { tool_choice: { type: 'allowed_tools' as const, mode: 'auto' as const, tools: [{ ...TOOL }] } },
  { reasoning: { effort: 'low' as const } },
])('and the same: %o', async (settings) => {
  const { responses } = sdk(await aiGateway([asAnthropic(await modelService())], ON));
  const made = await responses.create({
    model: 'smart',
    input: 'How is the weather?',
    tools: [TOOL],
    ...settings,
  });
  const { tool_choice, reasoning } = await responses.retrieve(made.id);
  expect({ tool_choice, reasoning }).toEqual({ tool_choice: made.tool_choice, reasoning: made.reasoning });
});

it('what a translated response was asked with stands in it, whole and in the events of a stream', async () => {
  const { responses } = sdk(await aiGateway([asAnthropic(await modelService())], ON));
  const asked = { model: 'smart', input: 'How is the weather?', ...ABOUT, tools: [TOOL] };
  expect(await responses.create(asked)).toMatchObject({ ...ABOUT, tools: [TOOL] });
  const seen: string[] = [];
  for await (const event of await responses.create({ ...asked, stream: true })) {
    if (!('response' in event)) continue;
    seen.push(event.type);
    expect(event.response).toMatchObject({ ...ABOUT, tools: [TOOL] });
  }
  expect(seen).toEqual(['response.created', 'response.in_progress', 'response.completed']);
});

it('a response that broke off says so', async () => {
  const provider = await rawProvider((response) => {
    const whole = { id: 'resp_of_theirs', object: 'response', model: 'm', status: 'in_progress', output: [] };
    const item = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] };
    const events = [
      { type: 'response.created', response: whole },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', delta: 'It is' },
    ];
    response.writeHead(200, STREAM_HEADERS);
    const bytes = events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`).join('');
    response.write(bytes, () => response.destroy());
  });
  const { responses } = sdk(await aiGateway([provider], ON));
  let id = '';
  const follow = async () => {
    const stream = await responses.create({ model: 'smart', input: 'How is the weather?', stream: true });
    for await (const event of stream) if (event.type === 'response.created') id = event.response.id;
  };
  await follow().catch(() => undefined);
  const kept = await eventually(() => responses.retrieve(id).catch(() => false as const));
  expect(kept).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'interrupted' } });
  expect(kept.output_text).toBe('It is');
});

it('what is kept of a request is redacted like what is said, and of other calls nothing is', async () => {
  const gateway = await aiGateway([asAnthropic(await modelService())], {
    context: { enabled: true, privacy: { redact: ['email'] } },
  });
  const { responses, conversations } = sdk(gateway);
  const { id: conversation } = await conversations.create();
  const made = await responses.create({
    model: 'smart',
    input: 'Hello.',
    conversation,
    instructions: 'Write to ada@example.net.',
    metadata: { 'by ada@example.net': 'ada@example.net' },
  });
  expect(await responses.retrieve(made.id)).toMatchObject({
    instructions: 'Write to [EMAIL].',
    metadata: { 'by ada@example.net': '[EMAIL]' },
  });
  const messages = [{ role: 'user', content: 'Hello.' }];
  await chat(gateway, { model: 'smart', messages, metadata: { topic: 'x' } }, { 'x-session-id': 's1' });
  const contentOf = async (session: string) => {
    const { body } = await admin(gateway, `/api/sessions/${session}/export?consumer=app`);
    return (body.turns as { content: object }[]).map(({ content }) => Object.keys(content).toSorted());
  };
  expect(await contentOf(conversation)).toEqual([['answerId', 'messages', 'namedBy', 'response']]);
  expect(await contentOf('s1')).toEqual([['answerId', 'messages']]);
  // It goes with the last of what was said: nobody finds the response any more.
  for (const item of (await conversations.items.list(conversation)).data)
    await conversations.items.delete(item.id as string, { conversation_id: conversation });
  expect(await contentOf(conversation)).toEqual([['answerId', 'gone', 'ids', 'messages', 'namedBy']]);
});

it('items that are alike and follow one another are read and deleted each by itself; models read them together', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON);
  const { conversations, responses } = sdk(gateway);
  const says = (role: 'developer' | 'assistant' | 'user', content: string) => ({ role, content });
  const { id } = await conversations.create({
    items: [says('developer', 'Be brief.'), says('developer', 'Be kind.'), says('user', 'Hello.')],
  });
  const call = (name: string) => ({ type: 'function_call' as const, call_id: name, name, arguments: '{}' });
  const put = await conversations.items.create(id, {
    items: [says('assistant', 'Hi.'), says('assistant', 'How are you?'), call('time'), call('place')],
  });
  expect(put.data).toHaveLength(4);
  const textsOf = (items: readonly object[]) =>
    items.map((item) =>
      'content' in item ? (item.content as { text: string }[]).map(({ text }) => text) : 'call',
    );
  const listed = async () => (await conversations.items.list(id, { order: 'asc' })).data;
  const all = await listed();
  expect(textsOf(all)).toEqual([
    ['Be brief.'],
    ['Be kind.'],
    ['Hello.'],
    ['Hi.'],
    ['How are you?'],
    'call',
    'call',
  ]);
  expect(all.slice(3)).toEqual(put.data);
  const deleted = [all[1]?.id as string, all[3]?.id as string];
  for (const item of deleted) await conversations.items.delete(item, { conversation_id: id });
  expect(await listed()).toEqual(all.filter((item) => !deleted.includes(item.id as string)));
  const result = (of: string) => ({ type: 'function_call_output' as const, call_id: of, output: 'none' });
  const made = await responses.create({
    model: 'smart',
    conversation: id,
    input: [result('time'), result('place'), says('assistant', 'So.'), says('assistant', 'Well.')],
  });
  expect(provider.prompts.at(-1)).toMatchObject([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello.' },
    { role: 'assistant', content: 'How are you?', tool_calls: [{ id: 'time' }, { id: 'place' }] },
    { role: 'tool' },
    { role: 'tool' },
    { role: 'assistant', content: 'So.Well.' },
  ]);
  const asked = (await responses.inputItems.list(made.id, { order: 'asc' })).data;
  expect(textsOf(asked.slice(2))).toEqual([['So.'], ['Well.']]);
});

/** Speaks Anthropic's messages: what it thinks is signed. */
async function signer() {
  const provider = await rawProvider((response) => {
    const content = [
      { type: 'thinking', thinking: 'Look outside.', signature: 'signed' },
      { type: 'text', text: 'It is sunny.' },
    ];
    const whole = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content };
    const end = { stop_reason: 'end_turn', usage: { input_tokens: 5, output_tokens: 5 } };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...whole, ...end }));
  });
  return asAnthropic(provider);
}

it.each([
  ['sealed by OpenAI', thinker, 'sealed'],
  ['signed by another', signer, ':signature:signed'],
])('what a thought was %s with is given to who asks for it', async (_, open, seal) => {
  const { conversations, responses } = sdk(await aiGateway([await open()], ON));
  const { id } = await conversations.create();
  const made = await responses.create({
    model: 'smart',
    conversation: id,
    input: 'How is the weather?',
  });
  const sealOf = (items: readonly object[]) => {
    const thought = items.find((item) => 'type' in item && item.type === 'reasoning');
    expect(thought).toBeDefined();
    return (thought as { encrypted_content?: string }).encrypted_content;
  };
  const sealed = sealOf(made.output);
  expect(sealed).toContain(seal);
  const include = ['reasoning.encrypted_content' as const];
  const item = made.output.find(({ type }) => type === 'reasoning')?.id as string;
  const place = { conversation_id: id };
  expect(sealOf((await conversations.items.list(id, { include })).data)).toBe(sealed);
  expect(sealOf([await conversations.items.retrieve(item, { ...place, include })])).toBe(sealed);
  expect(sealOf((await responses.retrieve(made.id, { include })).output)).toBe(sealed);
  const put = await conversations.items.create(id, {
    items: [{ type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: sealed as string }],
    include,
  });
  // Under another id than its maker’s it is marked.
  expect(sealOf(put.data)).toContain(seal);
  await conversations.items.delete(made.output[1]?.id as string, place);
  expect(sealOf((await conversations.items.list(id, { include, order: 'asc' })).data)).toBe(sealed);
  const chained = await responses.create({ model: 'smart', input: 'Why?' });
  const next = await responses.create({ model: 'smart', input: 'So?', previous_response_id: chained.id });
  expect(sealOf((await responses.inputItems.list(next.id, { include })).data)).toBe(sealOf(chained.output));
  // And to nobody else.
  expect(sealOf((await conversations.items.list(id)).data)).toBeUndefined();
  expect(sealOf([await conversations.items.retrieve(item, place)])).toBeUndefined();
  expect(sealOf((await responses.retrieve(made.id)).output)).toBeUndefined();
  expect(sealOf((await responses.inputItems.list(next.id)).data)).toBeUndefined();
});

it('the tokens of an input are counted, and what there is not is not taken for a response’s id', async () => {
  const gateway = await aiGateway([await modelService()], ON);
  const { responses } = sdk(gateway);
  const input = [{ role: 'user' as const, content: 'Hello there' }];
  const counted = await responses.inputTokens.count({ model: 'smart', input });
  expect(counted.object).toBe('response.input_tokens');
  // "user\nHello there" as tiktoken has it, in the form of a chat.
  expect(counted.input_tokens).toBeGreaterThan(5);
  expect(counted.input_tokens).toBeLessThan(12);
  const more = await responses.inputTokens.count({ model: 'smart', input, ...ABOUT, tools: [TOOL] });
  expect(more.input_tokens).toBeGreaterThan(counted.input_tokens);
  for (const of of [{ conversation: 'conv_1' }, { previous_response_id: 'resp_1' }])
    await expect(responses.inputTokens.count({ model: 'smart', input, ...of })).rejects.toMatchObject({
      status: 400,
      code: 'field_not_supported',
      param: Object.keys(of)[0],
    });
  await expect(responses.compact({ model: 'gpt-5', input })).rejects.toMatchObject({
    status: 404,
    code: 'route_not_found',
  });
});
