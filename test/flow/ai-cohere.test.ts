// Applications speak their own formats, and Cohere answers: plans, tools, figures, refusals, embeddings.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  aiGateway,
  anthropicSdk,
  chat,
  errorOf,
  hello,
  lineOf,
  PROVIDER_KEY,
  rawProvider,
  STREAM_HEADERS,
  sdk,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const TOOLS = readFileSync(new URL('../fixtures/providers/cohere-chat-tools.sse', import.meta.url));
const ANSWER = {
  id: 'c1',
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: 'Hi!' }] },
  usage: {
    billed_units: { input_tokens: 5, output_tokens: 2 },
    tokens: { input_tokens: 71, output_tokens: 9 },
  },
};
const asked = { model: 'smart', messages: [{ role: 'user' as const, content: 'Hello' }] };

async function setUp(answer: Parameters<typeof rawProvider>[0]) {
  const paths: string[] = [];
  const provider = await rawProvider((response, taken, message) => {
    paths.push(message.url ?? '');
    answer(response, taken, message);
  });
  const gateway = await aiGateway([{ kind: 'cohere', baseUrl: provider.url }], {
    models: { smart: { targets: [{ provider: 'p0', model: 'command-a-03-2025' }] } },
  });
  const sent = () => JSON.parse(provider.taken.at(-1)?.body.toString() ?? '{}');
  return { provider, gateway, paths, sent };
}
const json = (value: object, status = 200): Parameters<typeof rawProvider>[0] => {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

it('a chat is answered in each format, and billed by what Cohere bills', async () => {
  const { gateway, provider, paths, sent } = await setUp(json(ANSWER));

  const answer = await chat(gateway, { ...hello(), top_p: 0.5, top_k: 4, stop: ['x'] });
  const message = await anthropicSdk(gateway).messages.create({ ...asked, max_tokens: 9 });

  expect(JSON.parse(answer.body.toString()).choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'Hi!' },
  });
  expect(message.content).toMatchObject([{ type: 'text', text: 'Hi!' }]);
  expect(paths).toEqual(['/v2/chat', '/v2/chat']);
  expect(JSON.parse(provider.taken[0]?.body.toString() ?? '')).toMatchObject({
    p: 0.5,
    k: 4,
    stop_sequences: ['x'],
  });
  expect(sent()).toMatchObject({ model: 'command-a-03-2025', max_tokens: 9 });
  expect(provider.taken[0]?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  expect(await lineOf(gateway, answer)).toMatchObject({
    tokens_in: 5,
    tokens_out: 2,
    usage_source: 'reported',
  });
});

it('tools are called in a stream', async () => {
  const { gateway } = await setUp((response) => response.writeHead(200, STREAM_HEADERS).end(TOOLS));
  const tools = [{ type: 'function' as const, function: { name: 'get_weather' } }];
  const { choices } = await sdk(gateway)
    .chat.completions.stream({ ...asked, tools })
    .finalChatCompletion();
  expect(choices[0]?.finish_reason).toBe('tool_calls');
  expect(
    choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments),
  ).toEqual(['{"city":"Zürich"}', '{}']);
});

it('what Cohere has nothing for is refused by name; its own refusals come in the client’s shape', async () => {
  const { gateway, provider } = await setUp(json({ message: 'Too odd.' }, 400));
  const refused = await chat(gateway, { ...asked, n: 2 });
  expect(errorOf(refused)).toMatchObject({ code: 'field_not_supported', param: 'n' });
  expect(provider.taken).toEqual([]);
  expect(errorOf(await chat(gateway, asked))).toMatchObject({ message: 'Too odd.' });
});

it('when the client leaves, Cohere is let go', async () => {
  let left = 0;
  const { gateway } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS).write(TOOLS.subarray(0, 900));
    response.on('close', () => left++);
  });
  const stream = await sdk(gateway).chat.completions.create({ ...asked, stream: true });
  stream.controller.abort();
  await eventually(() => left === 1);
});

it('embeddings', async () => {
  const { gateway, paths, sent } = await setUp(
    json({ id: 'e1', embeddings: { float: [[0.5, -1]] }, meta: { billed_units: { input_tokens: 3 } } }),
  );
  const { data, usage } = await sdk(gateway).embeddings.create({
    model: 'smart',
    input: 'a',
    encoding_format: 'float',
  });
  expect(data[0]?.embedding).toEqual([0.5, -1]);
  expect(usage.prompt_tokens).toBe(3);
  expect(paths).toEqual(['/v2/embed']);
  expect(sent()).toMatchObject({ texts: ['a'], input_type: 'search_document' });
});

it('documents are ranked, and billed by the search', async () => {
  const ranked = {
    results: [{ index: 1, relevance_score: 0.9 }],
    meta: { billed_units: { search_units: 1 } },
  };
  const { gateway, paths, sent } = await setUp(json(ranked));
  const question = { model: 'smart', query: 'red kite', documents: ['blue boat', 'a red kite'], top_n: 1 };

  const answer = await chat(gateway, question, {}, '/v1/rerank');

  expect(JSON.parse(answer.body.toString())).toEqual(ranked);
  expect(paths).toEqual(['/v2/rerank']);
  expect(sent()).toEqual({ ...question, model: 'command-a-03-2025' });
  expect(await lineOf(gateway, answer)).toMatchObject({ operation: 'rerank', usage_source: 'reported' });
});
