// A client gives back all that models thought, whoever they were. Each vendor takes its own, exactly as it made it, and refuses
// any other: so nobody is sent another's.
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  anthropicSdk,
  asAnthropic,
  chat,
  event,
  lineOf,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';

const OPEN = { passthrough: true };
const UNSHOWN = { type: 'thinking', thinking: '', signature: 'EqQBCgIYAhIM' };
const REDACTED = { type: 'redacted_thinking', data: 'EmwKAhgBEgy3' };
const SEALED = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABo' };
const SHOWN = {
  type: 'reasoning',
  id: 'rs_2',
  summary: [{ type: 'summary_text', text: 'Hm.' }],
  encrypted_content: 'gAAAAABp',
};

type Blocks = { role: string; content: string | { type: string }[] }[];
type Asked = { stream?: boolean; messages: Blocks; input: { type: string }[] };

/** A provider that answers with this, and what it was asked. */
async function answering(answer: (asked: Asked) => object | string) {
  const asked: Asked[] = [];
  const provider = await rawProvider((response, { body }) => {
    const request = JSON.parse(body.toString()) as Asked;
    asked.push(request);
    const said = answer(request);
    if (typeof said === 'string') response.writeHead(200, STREAM_HEADERS).end(said);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(said));
  });
  return { asked, url: provider.url };
}

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [UNSHOWN, REDACTED, { type: 'text', text: 'From Claude.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 5, output_tokens: 5 },
};

const messageEvents = (): string =>
  [
    { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
    ...MESSAGE.content.flatMap((block, index) => {
      const { signature } = block as { signature?: string };
      const changes =
        signature === undefined
          ? []
          : [{ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature } }];
      const begun = signature === undefined ? block : { ...block, signature: '' };
      return [
        { type: 'content_block_start', index, content_block: begun },
        ...changes,
        { type: 'content_block_stop', index },
      ];
    }),
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
    .map((each) => `event: ${each.type}\n${event(each)}`)
    .join('');

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'gpt',
  output: [
    SEALED,
    SHOWN,
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'From GPT.', annotations: [] }],
    },
  ],
};

const COMPLETION = {
  id: 'c',
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'From DeepSeek.', reasoning_content: 'Let me think.' },
      finish_reason: 'stop',
    },
  ],
};

const completionEvents = (): string =>
  [
    event({ choices: [{ index: 0, delta: { reasoning_content: 'Let me think.' } }] }),
    event({ choices: [{ index: 0, delta: { content: 'From DeepSeek.' } }] }),
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    event('[DONE]'),
  ].join('');

async function threeVendors() {
  const claude = await answering(({ stream }) => (stream ? messageEvents() : MESSAGE));
  const gpt = await answering(() => RESPONSE);
  const deepseek = await answering(({ stream }) => (stream ? completionEvents() : COMPLETION));
  const gateway = await aiGateway(
    [
      { kind: 'anthropic', baseUrl: claude.url },
      { url: gpt.url },
      { kind: 'deepseek', baseUrl: deepseek.url },
    ],
    {
      models: {
        claude: { targets: [{ provider: 'p0', model: 'claude-opus-4-7' }] },
        gpt: { targets: [{ provider: 'p1', model: 'gpt-5' }] },
        deepseek: { targets: [{ provider: 'p2', model: 'deepseek-chat' }] },
      },
    },
  );
  return { gateway, claude, gpt, deepseek };
}

it.each(['whole', 'streamed'])('a client of responses goes from one vendor to the next (%s)', async (how) => {
  const { gateway, claude, gpt, deepseek } = await threeVendors();
  const { responses } = sdk(gateway);
  const input: OpenAI.Responses.ResponseInputItem[] = [];
  const ask = async (model: string): Promise<void> => {
    input.push({ role: 'user', content: `Dear ${model}` });
    const rest = { model, input: [...input], store: false };
    const answer =
      how === 'streamed' && model !== 'gpt'
        ? await responses.stream(rest).finalResponse()
        : await responses.create(rest);
    input.push(...(answer.output as OpenAI.Responses.ResponseInputItem[]));
  };
  for (const model of ['gpt', 'claude', 'deepseek', 'claude', 'gpt', 'deepseek']) await ask(model);

  const thoughts = claude.asked[1]?.messages.flatMap(({ role, content }) =>
    role === 'assistant' && Array.isArray(content) ? content.filter(({ type }) => type !== 'text') : [],
  );
  expect(thoughts, 'not a word of GPT’s or DeepSeek’s').toEqual([UNSHOWN, REDACTED]);
  expect(gpt.asked[1]?.input.filter(({ type }) => type === 'reasoning')).toEqual([SEALED, SHOWN]);
  const said = gpt.asked[1]?.input.filter(({ type }) => type === 'message');
  expect(said, 'the words of all of them').toHaveLength(4);
  expect(JSON.stringify(deepseek.asked[1]?.messages)).toContain('Let me think.');
});

it.each(['whole', 'streamed'])('a client of messages goes from one vendor to the next (%s)', async (how) => {
  const { gateway, claude, deepseek } = await threeVendors();
  const { messages: api } = anthropicSdk(gateway);
  const messages: Anthropic.MessageParam[] = [];
  const ask = async (model: string): Promise<void> => {
    messages.push({ role: 'user', content: `Dear ${model}` });
    const rest = { model, messages: [...messages], max_tokens: 99 };
    const { role, content } =
      how === 'streamed' ? await api.stream(rest).finalMessage() : await api.create(rest);
    messages.push({ role, content });
  };
  for (const model of ['deepseek', 'claude', 'claude', 'deepseek']) await ask(model);

  expect(claude.asked[1]?.messages.map(({ content }) => content)).toEqual([
    'Dear deepseek',
    [{ type: 'text', text: 'From DeepSeek.', ...(how === 'whole' && { citations: null }) }],
    'Dear claude',
    MESSAGE.content,
    'Dear claude',
  ]);
  expect(JSON.stringify(deepseek.asked[1]?.messages)).toContain('Let me think.');
});

it('nor is Anthropic asked to count what it would not take', async () => {
  const { gateway, claude } = await threeVendors();
  const { messages } = anthropicSdk(gateway);
  const asks = { role: 'user' as const, content: 'Hi' };
  const { role, content } = await messages.create({ model: 'deepseek', messages: [asks], max_tokens: 99 });
  await messages.countTokens({ model: 'claude', messages: [asks, { role, content }, asks] }).catch(() => 0);
  expect(JSON.stringify(claude.asked[0]?.messages)).toContain('From DeepSeek.');
  expect(JSON.stringify(claude.asked[0]?.messages)).not.toContain('thinking');
});

it('what OpenAI sealed opens to it also where a guard wrote its answer anew, with other ids', async () => {
  const content = [{ type: 'output_text', text: 'Dear [EMAIL_1],', annotations: [] }];
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
  const gpt = await answering(() => ({ ...RESPONSE, output: [SEALED, SHOWN, message] }));
  const { responses } = sdk(await aiGateway([gpt], { policies: [{ redact: {} }] }));
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'I am ada@example.com.' }];
  const { output, output_text: said } = await responses.create({ model: 'smart', input, store: false });
  expect(said).toBe('Dear ada@example.com,');

  input.push(...(output as OpenAI.Responses.ResponseInputItem[]), { role: 'user', content: 'Go on.' });
  await responses.create({ model: 'smart', input, store: false });
  const { id: _, ...sealed } = SEALED;
  const { id: __, ...shown } = SHOWN;
  expect(gpt.asked[1]?.input.filter(({ type }) => type === 'reasoning')).toEqual([sealed, shown]);
});

/** What one of the services that speak OpenAI's format seals; each has its own seals and looks at no other. */
const sealedBy = (name: string) => [
  { type: 'reasoning', id: `rs_${name}_1`, summary: [], encrypted_content: `opaque+of/${name}==` },
  {
    type: 'reasoning',
    id: `rs_${name}_2`,
    summary: [{ type: 'summary_text', text: 'Hm.' }],
    encrypted_content: `shown+of/${name}==`,
  },
];

const responseBy = (name: string) => ({
  ...RESPONSE,
  output: [...sealedBy(name), { ...(RESPONSE.output[2] as object), id: `msg_${name}` }],
});

const responseEvents = (name: string): string => {
  const response = responseBy(name);
  return [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    ...response.output.flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item },
      { type: 'response.output_item.done', output_index, item },
    ]),
    {
      type: 'response.output_text.delta',
      item_id: `msg_${name}`,
      output_index: 2,
      content_index: 0,
      delta: 'From GPT.',
    },
    { type: 'response.completed', response },
  ]
    .map((each, sequence_number) => `event: ${each.type}\n${event({ ...each, sequence_number })}`)
    .join('');
};

const SERVICES = ['gpt', 'grok', 'azure-west', 'azure-east'] as const;

/** OpenAI, and services of others that speak its responses. */
async function services(ai = {}, more = {}) {
  const all = await Promise.all(
    SERVICES.map((name) => answering(({ stream }) => (stream ? responseEvents(name) : responseBy(name)))),
  );
  const kinds = ['openai', 'xai', 'azure-openai', 'azure-openai'];
  const gateway = await aiGateway(
    all.map(({ url }, at) => ({ kind: kinds[at] as string, baseUrl: url, ...more })),
    {
      ai,
      models: Object.fromEntries(
        SERVICES.map((name, at) => [name, { targets: [{ provider: `p${at}`, model: name }] }]),
      ),
    },
  );
  return { gateway, asked: Object.fromEntries(SERVICES.map((name, at) => [name, all[at]?.asked ?? []])) };
}

it.each([
  'whole',
  'streamed',
])('and between services that speak OpenAI’s format, of which each takes its own alone (%s)', async (how) => {
  const { gateway, asked } = await services();
  const { responses } = sdk(gateway);
  const input: OpenAI.Responses.ResponseInputItem[] = [];
  const ask = async (model: string): Promise<void> => {
    input.push({ role: 'user', content: `Dear ${model}` });
    const rest = { model, input: [...input], store: false };
    const answer =
      how === 'streamed' ? await responses.stream(rest).finalResponse() : await responses.create(rest);
    input.push(...(answer.output as OpenAI.Responses.ResponseInputItem[]));
  };
  for (const name of [...SERVICES, ...SERVICES]) await ask(name);

  for (const name of SERVICES) {
    const own = sealedBy(name).map(({ id, ...item }) => (name.startsWith('azure') ? item : { id, ...item }));
    expect(asked[name]?.[1]?.input.filter(({ type }) => type === 'reasoning')).toMatchObject(own);
    expect(asked[name]?.[1]?.input.filter(({ type }) => type === 'message')).toHaveLength(
      4 + SERVICES.indexOf(name),
    );
  }
  expect(JSON.stringify(asked)).not.toContain('hypercare');
});

it('what OpenAI answers goes as the bytes that it was, and is given back so', async () => {
  const { gateway, asked } = await services();
  const { responses } = sdk(gateway);
  const ask = (input: OpenAI.Responses.ResponseInputItem[]) =>
    responses.create({ model: 'gpt', input, store: false });
  const { output } = await ask([{ role: 'user', content: 'Hi' }]);
  expect(output).toEqual(responseBy('gpt').output);
  await ask(output as OpenAI.Responses.ResponseInputItem[]);
  expect(asked.gpt?.[1]?.input).toEqual(output);
});

it('a stream that is given from the cache has the marks that it had', async () => {
  const { gateway, asked } = await services({ cache: { ttl: '10m' } });
  const ask = async () => {
    const answer = await chat(
      gateway,
      { model: 'grok', input: 'Hi', stream: true, store: false },
      {},
      '/v1/responses',
    );
    // Once the one before has been kept.
    await lineOf(gateway, answer);
    return answer.body.toString();
  };
  const first = await ask();
  expect(first).toContain('~hypercare:xai:');
  expect(await ask()).toBe(first);
  expect(asked.grok).toHaveLength(1);
});

it('who moves a conversation to a provider’s own words brings none of what others thought', async () => {
  const [claude, deepseek] = [await answering(() => MESSAGE), await answering(() => COMPLETION)];
  const gateway = await aiGateway([
    { kind: 'deepseek', baseUrl: deepseek.url },
    { ...asAnthropic(claude), ...OPEN },
  ]);
  const asks = { role: 'user' as const, content: 'Hi' };
  const first = await anthropicSdk(gateway).messages.create({
    model: 'smart',
    messages: [asks],
    max_tokens: 99,
  });
  expect(JSON.stringify(first.content)).toContain('~hypercare:unsigned');

  const own = { role: 'assistant' as const, content: MESSAGE.content as Anthropic.ContentBlock[] };
  const { messages } = anthropicSdk({ url: `${gateway.url}/v1/providers/p1` });
  const { role, content } = first;
  await messages.create({
    model: 'claude-opus-4-7',
    messages: [asks, { role, content }, asks, own, asks],
    max_tokens: 99,
  });
  expect(claude.asked[0]?.messages[1]?.content).toMatchObject([{ type: 'text', text: 'From DeepSeek.' }]);
  expect(claude.asked[0]?.messages[3]).toEqual(own);
});

it('and of responses what the provider sealed itself, as it was', async () => {
  const { gateway, asked } = await services({}, OPEN);
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Hi' }];
  for (const model of ['gpt', 'grok']) {
    const { output } = await sdk(gateway).responses.create({ model, input: [...input], store: false });
    input.push(...(output as OpenAI.Responses.ResponseInputItem[]));
  }
  const inOwnWords = sdk(gateway);
  inOwnWords.baseURL = `${gateway.url}/v1/providers/p1`;
  const answer = await inOwnWords.responses.create({ model: 'grok-4', input, store: false });
  expect(asked.grok?.[1]?.input.filter(({ type }) => type === 'reasoning')).toEqual(sealedBy('grok'));
  expect(answer.output, 'and gets its answer as it was').toEqual(responseBy('grok').output);
});

it('a seal of a picture that Google made is nothing that OpenRouter knows', async () => {
  const service = await rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ choices: [{ message: { content: 'Hi.' }, finish_reason: 'stop' }] })),
  );
  const gateway = await aiGateway([{ kind: 'openrouter', baseUrl: service.url }]);
  const detail = (format: string) => ({ type: 'reasoning.encrypted', data: 'c2VhbA==', format });
  const said = (...reasoning_details: object[]) => ({
    role: 'assistant',
    content: 'Here.',
    reasoning_details,
  });
  const user = { role: 'user', content: 'Hi' };
  const [text, picture] = [detail('google-gemini-v1'), detail('google-image')];
  const messages = [user, said(text, picture), user, said(picture), user];
  expect((await chat(gateway, { model: 'smart', messages })).status).toBe(200);
  const asked = JSON.parse(String(service.taken[0]?.body)) as { messages: object[] };
  expect(asked.messages).toEqual([user, said(text), user, { role: 'assistant', content: 'Here.' }, user]);
});
