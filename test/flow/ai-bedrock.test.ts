// Applications speak their own formats, and Bedrock answers: signed calls, and streams that are no server-sent events.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { signAws } from '../../src/ai/providers/bedrock/aws-signature.ts';
import { anthropicSdk, CLIENT_KEY, chat, errorOf, hello, lineOf, rawProvider, sdk } from '../helpers/ai.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

const STREAM = readFileSync(
  new URL('../fixtures/providers/bedrock-converse-tools.eventstream', import.meta.url),
);
const STREAM_HEADERS = { 'content-type': 'application/vnd.amazon.eventstream' };
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const MODEL = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const ANSWER = {
  output: { message: { role: 'assistant', content: [{ text: 'Hi!' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 6, outputTokens: 2, totalTokens: 12, cacheReadInputTokens: 4 },
};
const tools = [{ type: 'function' as const, function: { name: 'get_weather' } }];

async function setUp(answer: Parameters<typeof rawProvider>[0], settings?: object) {
  const paths: string[] = [];
  const provider = await rawProvider((response, taken, message) => {
    paths.push(message.url ?? '');
    answer(response, taken, message);
  });
  const credentials = settings ?? {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: SECRET,
    sessionToken: 'TOKEN',
  };
  const gateway = await testGateway({
    ai: {
      providers: { aws: { kind: 'bedrock', baseUrl: provider.url, region: 'eu-west-1', ...credentials } },
      models: { smart: { targets: [{ provider: 'aws', model: MODEL }] } },
    },
  });
  return { provider, gateway, paths };
}
const json = (value: object, status = 200): Parameters<typeof rawProvider>[0] => {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

it('a chat is answered and billed, and its call is signed as AWS does', async () => {
  const { gateway, provider, paths } = await setUp(json(ANSWER));

  const answer = await chat(gateway, hello());

  expect(JSON.parse(answer.body.toString())).toMatchObject({
    choices: [{ finish_reason: 'stop', message: { content: 'Hi!' } }],
    usage: { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
  });
  const [taken] = provider.taken;
  const path = `/model/${encodeURIComponent(MODEL)}/converse`;
  expect(paths).toEqual([path]);
  const { host = '', authorization, 'x-amz-date': at, 'content-type': type } = taken?.headers ?? {};
  // What AWS does with what it gets: signs it again and compares.
  const again = await signAws(
    { method: 'POST', path, host, headers: { 'content-type': type }, body: taken?.body ?? Buffer.alloc(0) },
    {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: SECRET,
      sessionToken: 'TOKEN',
      region: 'eu-west-1',
      service: 'bedrock',
    },
    String(at),
  );
  expect(authorization).toBe(again.authorization);
  expect(authorization).toContain('/eu-west-1/bedrock/aws4_request');
  expect(taken?.headers['x-amz-security-token']).toBe('TOKEN');
  await lineOf(gateway, answer);
  for (const secret of [SECRET, 'TOKEN', CLIENT_KEY])
    expect(JSON.stringify(gateway.lines)).not.toContain(secret);
});

it('one of Bedrock’s own keys goes along instead', async () => {
  const { gateway, provider } = await setUp(json(ANSWER), { apiKey: 'bedrock-key' });
  expect((await chat(gateway, hello())).status).toBe(200);
  expect(provider.taken[0]?.headers.authorization).toBe('Bearer bedrock-key');
  expect(provider.taken[0]?.headers).not.toHaveProperty('x-amz-date');
});

it('AWS’s event stream reaches the stock SDKs as their own, with thoughts, tools and figures', async () => {
  const { gateway, paths } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS);
    for (let at = 0; at < STREAM.length; at += 7) response.write(STREAM.subarray(at, at + 7));
    response.end();
  });

  const { choices, usage } = await sdk(gateway)
    .chat.completions.stream({
      model: 'smart',
      messages: [{ role: 'user', content: 'Weather?' }],
      tools,
      stream_options: { include_usage: true },
    })
    .finalChatCompletion();
  const message = await anthropicSdk(gateway)
    .messages.stream({ model: 'smart', max_tokens: 99, messages: [{ role: 'user', content: 'Weather?' }] })
    .finalMessage();

  expect(paths[0]).toBe(`/model/${encodeURIComponent(MODEL)}/converse-stream`);
  expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Let me look. ☀️' } });
  expect(
    choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments),
  ).toEqual(['{"city":"Zürich"}', '{}']);
  expect(usage).toMatchObject({ prompt_tokens: 120, completion_tokens: 30 });
  expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
  expect(message.content[0]).toMatchObject({ signature: 'c2ln' });
  expect(message.usage).toMatchObject({ cache_read_input_tokens: 64, cache_creation_input_tokens: 6 });
});

it('what Claude may do before it is for all goes along, as far as Bedrock knows of it', async () => {
  const { gateway, provider } = await setUp(json(ANSWER));
  const fieldsOf = async (betas: string) => {
    await anthropicSdk(gateway).messages.create(
      { ...asked, max_tokens: 9 },
      { headers: { 'anthropic-beta': betas } },
    );
    return JSON.parse(provider.taken.at(-1)?.body.toString() ?? '').additionalModelRequestFields;
  };
  const own = 'claude-code-20250219, interleaved-thinking-2025-05-14,context-1m-2025-08-07';
  expect(await fieldsOf(own)).toEqual({ anthropic_beta: ['interleaved-thinking-2025-05-14'] });
  expect(await fieldsOf('claude-code-20250219')).toBeUndefined();
});

it('its refusals come in the client’s own shape', async () => {
  const { gateway } = await setUp(json({ message: 'The model is not ready.' }, 400));
  const answer = await chat(gateway, hello());
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ message: 'The model is not ready.' });
});

const asked = { model: 'smart', messages: [{ role: 'user' as const, content: 'Hello' }] };

it('a stream that is damaged on the way ends with an error, not in a crash', async () => {
  const broken = Buffer.from(STREAM);
  broken.writeUInt8(broken.readUInt8(700) ^ 1, 700);
  let goOn = (): void => undefined;
  const { gateway } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS).write(broken.subarray(0, 500));
    goOn = () => {
      if (!response.writableEnded) response.end(broken.subarray(500));
    };
  });
  const stream = await sdk(gateway).chat.completions.create({ ...asked, stream: true });
  const read = async () => {
    for await (const _chunk of stream) goOn();
  };
  await expect(read()).rejects.toThrow('checksum');
  await gateway.accessLine(({ reason }) => reason === 'provider_stream_failed');
});

it('when the client leaves, Bedrock is let go', async () => {
  let left = 0;
  const { gateway } = await setUp((response) => {
    response.writeHead(200, STREAM_HEADERS).write(STREAM.subarray(0, 600));
    response.on('close', () => left++);
  });
  const stream = await sdk(gateway).chat.completions.create({ ...asked, stream: true });
  stream.controller.abort();
  await eventually(() => left === 1);
});

it('vectors come from Titan, one text a call, and from Cohere', async () => {
  const provider = await rawProvider((response, { body }) => {
    const { texts } = JSON.parse(body.toString());
    const answer = texts
      ? { id: 'e1', embeddings: { float: texts.map(() => [0.5, 0.25]) }, response_type: 'embeddings_by_type' }
      : { embedding: [0.5, 0.25], inputTextTokenCount: 3 };
    json(answer)(response, {} as never, {} as never);
  });
  const target = (model: string) => ({ targets: [{ provider: 'aws', model }] });
  const gateway = await testGateway({
    // A busy machine is no reason to refuse what a test asks.
    server: { shed: { maxEventLoopDelay: '30s' } },
    ai: {
      providers: { aws: { kind: 'bedrock', baseUrl: provider.url, region: 'eu-west-1', apiKey: 'k' } },
      models: { titan: target('amazon.titan-embed-text-v2:0'), cohere: target('cohere.embed-v4:0') },
    },
  });
  const embed = (model: string, input: string | string[]) =>
    sdk(gateway).embeddings.create({ model, input, dimensions: 2, encoding_format: 'float' });

  expect(await embed('titan', 'Hello')).toMatchObject({
    data: [{ embedding: [0.5, 0.25] }],
    usage: { prompt_tokens: 3 },
  });
  expect((await embed('cohere', ['Hello', 'there'])).data).toHaveLength(2);
  await expect(embed('titan', ['Hello', 'there'])).rejects.toMatchObject({ status: 400, param: 'input' });

  expect(provider.taken.map(({ body }) => JSON.parse(body.toString()))).toEqual([
    { inputText: 'Hello', dimensions: 2 },
    {
      texts: ['Hello', 'there'],
      input_type: 'search_document',
      embedding_types: ['float'],
      output_dimension: 2,
    },
  ]);
});
