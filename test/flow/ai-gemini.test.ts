// Applications speak their own formats, and Gemini answers: text, thoughts, tools, images, figures, refusals, endings.
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

const TOOLS = readFileSync(new URL('../fixtures/providers/gemini-tools.sse', import.meta.url));
const FIRST_EVENT = TOOLS.subarray(0, TOOLS.indexOf('\r\n\r\n') + 4);
const asked = { model: 'smart', messages: [{ role: 'user' as const, content: 'Hello' }] };
const usageMetadata = {
  promptTokenCount: 10,
  cachedContentTokenCount: 4,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
};
const said = (...parts: object[]) => ({
  candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
  usageMetadata,
  modelVersion: 'gemini-2.5-flash',
  responseId: 'r1',
});
const weather = {
  type: 'function' as const,
  function: { name: 'get_weather', parameters: { type: 'object' } },
};

async function setUp(answer: Parameters<typeof rawProvider>[0]) {
  const paths: string[] = [];
  const provider = await rawProvider((response, taken, message) => {
    paths.push(message.url ?? '');
    answer(response, taken, message);
  });
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: `${provider.url}/v1beta` }], {
    models: { smart: { targets: [{ provider: 'p0', model: 'gemini-2.5-flash' }] } },
  });
  const sent = () => JSON.parse(provider.taken.at(-1)?.body.toString() ?? '{}');
  return { provider, gateway, paths, sent };
}
const json = (value: object, status = 200): Parameters<typeof rawProvider>[0] => {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

it('a chat is answered, billed and recorded; the key goes in Google’s header', async () => {
  const { gateway, provider, paths } = await setUp(
    json(said({ text: 'Hm.', thought: true }, { text: 'Hi!' })),
  );

  const answer = await chat(gateway, hello());
  const message = await anthropicSdk(gateway).messages.create({
    model: 'smart',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'Hello' }],
  });

  const { choices, usage } = JSON.parse(answer.body.toString());
  expect(choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'Hi!', reasoning_content: 'Hm.' },
  });
  expect(usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 7 });
  expect(message.content.at(-1)).toMatchObject({ type: 'text', text: 'Hi!' });
  expect(message.stop_reason).toBe('end_turn');
  expect(paths[0]).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
  expect(provider.taken[0]?.headers['x-goog-api-key']).toBe(PROVIDER_KEY);
  expect(provider.taken[0]?.headers).not.toHaveProperty('authorization');
  expect(await lineOf(gateway, answer)).toMatchObject({
    usage_source: 'reported',
    tokens_in: 10,
    tokens_out: 7,
    finish_reason: 'stop',
  });
  expect(JSON.stringify(gateway.lines)).not.toContain(PROVIDER_KEY);
});

it('tools are called in a stream, and their results go back under the tool’s name', async () => {
  const { gateway, paths, sent } = await setUp((response) =>
    response.writeHead(200, STREAM_HEADERS).end(TOOLS),
  );
  const question = { role: 'user' as const, content: 'Weather?' };
  const tooled = { model: 'smart', messages: [question], tools: [weather] };

  const { choices } = await sdk(gateway).chat.completions.stream(tooled).finalChatCompletion();
  const message = choices[0]?.message;
  const call = message?.tool_calls?.[0];
  if (!message || call?.type !== 'function') throw new Error('no call');
  expect(choices[0]?.finish_reason).toBe('tool_calls');
  expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Zürich', days: 3 });
  expect(paths[0]).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');

  const results = message.tool_calls?.map(({ id }) => ({
    role: 'tool' as const,
    tool_call_id: id,
    content: 'sunny',
  }));
  await sdk(gateway)
    .chat.completions.stream({ ...tooled, messages: [question, message, ...(results ?? [])] })
    .finalChatCompletion();
  expect(sent().contents.at(-1)).toEqual({
    role: 'user',
    parts: ['get_weather', 'get_time'].map((name) => ({
      functionResponse: { name, response: { output: 'sunny' } },
    })),
  });
});

it('an image, a schema and the depth of thought arrive', async () => {
  const { gateway, sent } = await setUp(json(said({ text: '{"a":1}' })));
  await chat(gateway, {
    model: 'smart',
    messages: [
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }],
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } },
    reasoning_effort: 'low',
  });
  expect(sent().contents[0].parts[0]).toEqual({
    inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' },
  });
  expect(sent().generationConfig).toEqual({
    responseMimeType: 'application/json',
    responseJsonSchema: { type: 'object' },
    thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
  });
});

it('a prompt that Gemini blocks ends as filtered, not as an empty answer', async () => {
  const { gateway } = await setUp(
    json({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 3 } }),
  );
  const answer = await chat(gateway, hello());
  expect(JSON.parse(answer.body.toString()).choices[0].finish_reason).toBe('content_filter');
  expect(await lineOf(gateway, answer)).toMatchObject({ finish_reason: 'content_filter', tokens_in: 3 });
});

it('its refusals come in the client’s own shape', async () => {
  const { gateway } = await setUp(json({ error: { code: 400, message: 'Too odd.', status: 'X' } }, 400));
  const answer = await chat(gateway, hello());
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ message: 'Too odd.', type: 'invalid_request_error' });
});

it('an error in mid-stream is passed on as one, with Gemini’s words', async () => {
  let fail = (): void => undefined;
  const { gateway } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS).write(FIRST_EVENT);
    fail = () => {
      if (!response.writableEnded) response.end('data: {"error":{"code":503,"message":"Overloaded."}}\n\n');
    };
  });
  const stream = await sdk(gateway).chat.completions.create({ ...asked, stream: true });
  const read = async () => {
    for await (const _chunk of stream) fail();
  };
  await expect(read()).rejects.toThrow('Overloaded.');
  await gateway.accessLine(({ reason }) => reason === 'provider_stream_failed');
});

it('when the client leaves, Gemini is let go', async () => {
  let left = 0;
  const { gateway } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS).write(FIRST_EVENT);
    response.on('close', () => left++);
  });
  const stream = await sdk(gateway).chat.completions.create({ ...asked, stream: true });
  stream.controller.abort();
  await eventually(() => left === 1);
  await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
});

it('embeddings', async () => {
  const { gateway, paths, sent } = await setUp(
    json({ embeddings: [{ values: [0.5, -1] }, { values: [1, 2] }] }),
  );
  const { data } = await sdk(gateway).embeddings.create({
    model: 'smart',
    input: ['a', 'b'],
    dimensions: 2,
    encoding_format: 'float',
  });
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [0.5, -1],
    [1, 2],
  ]);
  expect(paths[0]).toBe('/v1beta/models/gemini-2.5-flash:batchEmbedContents');
  expect(sent().requests[1]).toEqual({
    model: 'models/gemini-2.5-flash',
    content: { parts: [{ text: 'b' }] },
    outputDimensionality: 2,
  });
});

it('a picture that it makes is lost in no format, whole and streamed', async () => {
  const answer = said({ text: 'Here:' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } });
  const { gateway } = await setUp((response, _taken, { url }) => {
    if (!String(url).includes('stream')) return json(answer)(response, _taken, {} as never);
    response.writeHead(200, STREAM_HEADERS).end(`data: ${JSON.stringify(answer)}\r\n\r\n`);
  });
  const url = 'data:image/png;base64,iVBORw0KGgo=';

  const whole = await chat(gateway, hello());
  expect(JSON.parse(whole.body.toString()).choices[0].message).toMatchObject({
    content: 'Here:',
    images: [{ type: 'image_url', image_url: { url } }],
  });
  expect((await chat(gateway, hello(true))).body.toString()).toContain(`"images":[{"type":"image_url"`);

  const response = await sdk(gateway).responses.create({ model: 'smart', input: 'Draw' });
  expect(response.output).toMatchObject([
    { type: 'message' },
    { type: 'image_generation_call', result: 'iVBORw0KGgo=' },
  ]);
  const items: string[] = [];
  for await (const event of await sdk(gateway).responses.create({
    model: 'smart',
    input: 'Draw',
    stream: true,
  }))
    if (event.type === 'response.output_item.done') items.push(event.item.type);
  expect(items).toEqual(['message', 'image_generation_call']);

  const question = { ...asked, max_tokens: 50 };
  const message = await anthropicSdk(gateway).messages.create(question);
  const streamed = await anthropicSdk(gateway).messages.stream(question).finalText();
  expect(message.content.at(-1)).toMatchObject({ text: `![image](${url})` });
  expect(streamed).toBe(`Here:![image](${url})`);
});

it('and comes back to it with its signature in the next turn, as each SDK gives it back', async () => {
  const made = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' }, thoughtSignature: 'U2ln' };
  const answer = said({ text: 'Here:' }, made);
  const { gateway, sent } = await setUp((response, _taken, { url }) => {
    if (!String(url).includes('stream')) return json(answer)(response, _taken, {} as never);
    response.writeHead(200, STREAM_HEADERS).end(`data: ${JSON.stringify(answer)}\r\n\r\n`);
  });
  const bluer = { role: 'user' as const, content: 'Bluer.' };
  const told = (): unknown => sent().contents[1];

  const { chat: chats, responses } = sdk(gateway);
  const { choices } = await chats.completions.create(asked);
  const streamed = await chats.completions.stream(asked).finalChatCompletion();
  for (const { message } of [choices[0], streamed.choices[0]] as unknown as { message: typeof bluer }[]) {
    await chats.completions.create({ ...asked, messages: [...asked.messages, message, bluer] });
    expect(told()).toEqual({ role: 'model', parts: [{ text: 'Here:' }, made] });
  }

  const { output } = await responses.create({ model: 'smart', input: 'Draw' });
  const input = [...asked.messages, ...(output as unknown as typeof asked.messages), bluer];
  await responses.create({ model: 'smart', input });
  expect(told()).toEqual({ role: 'model', parts: [{ text: 'Here:' }, made] });

  const question = { ...asked, max_tokens: 50 };
  const { messages } = anthropicSdk(gateway);
  const { content } = await messages.create(question);
  await messages.create({
    ...question,
    messages: [...asked.messages, { role: 'assistant' as const, content: content as never }, bluer],
  });
  expect(told()).toEqual({ role: 'model', parts: [{ text: 'Here:' }, made] });
});
