// Texts become vectors: byte for byte before a provider that speaks OpenAI's embeddings.
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  errorOf,
  lineOf,
  modelService,
  rawProvider,
  sdk,
} from '../helpers/ai.ts';

const SMALL = { targets: [{ provider: 'p0', model: 'text-embedding-3-small' }] };

async function setUp() {
  const service = await modelService();
  const gateway = await aiGateway([service], { models: { vectors: SMALL } });
  return { service, gateway, openai: sdk(gateway) };
}

it('gives each text of a batch its vector, as numbers or as bytes', async () => {
  const { gateway, openai } = await setUp();
  const input = ['one text', 'another text', 'one text'];

  // The SDK asks for base64 by itself and makes numbers of it.
  const packed = await openai.embeddings.create({ model: 'vectors', input, dimensions: 8 });
  const plain = await openai.embeddings.create({
    model: 'vectors',
    input,
    dimensions: 8,
    encoding_format: 'float',
  });

  expect(packed.data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
    [0, 8],
    [1, 8],
    [2, 8],
  ]);
  expect(packed.data[0]?.embedding).toEqual(packed.data[2]?.embedding);
  for (const [i, value] of (plain.data[1]?.embedding ?? []).entries())
    expect(packed.data[1]?.embedding[i]).toBeCloseTo(value, 5);
  const line = await gateway.accessLine(({ route }) => route === 'ai');
  expect(line).toMatchObject({
    model: 'vectors',
    upstream_model: 'text-embedding-3-small',
    usage_source: 'reported',
    tokens_in: packed.usage.prompt_tokens,
    tokens_out: 0,
    outcome: 'complete',
    reason: 'ok',
  });
});

it('passes the bytes on as they came', async () => {
  const answerText =
    '{"object":"list", "data":[{"index":0,"embedding":[0.1]}],"new_field":1,"usage":{"prompt_tokens":2}}';
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(answerText),
  );
  const gateway = await aiGateway([provider]);
  const asked = '{"model":"smart", "input":[[1,2]],"field_of_tomorrow":true}';

  const answer = await chat(gateway, asked, {}, '/v1/embeddings');

  expect(answer.body.toString()).toBe(answerText);
  expect(provider.taken[0]?.body.toString()).toBe(asked.replace('smart', 'gpt-4o-mini'));
  expect(await lineOf(gateway, answer)).toMatchObject({ tokens_in: 2, reason: 'ok' });
});

it('who asks in words of its vendor’s own gets the bytes that came', async () => {
  const answerText = '{"data":[{"index":0,"embedding":"AAAAPw=="}],"usage":{"prompt_tokens":2}}';
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(answerText),
  );
  const gateway = await aiGateway([provider]);

  // Jina's.
  const asked = { model: 'smart', input: 'a', embedding_type: 'base64' };
  const answer = await chat(gateway, asked, {}, '/v1/embeddings');

  expect(answer.body.toString()).toBe(answerText);
});

it('a server that passes over the encoding asked for is no reason for other numbers', async () => {
  const bytes = Buffer.alloc(8);
  bytes.writeFloatLE(0.5, 0);
  bytes.writeFloatLE(-2, 4);
  const provider = await rawProvider((response, { body }) => {
    // The contrary of what is asked.
    const embedding = String(body).includes('base64') ? [0.5, -2] : bytes.toString('base64');
    const answer = { data: [{ index: 0, embedding }], model: 'm', usage: { prompt_tokens: 2 } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  const openai = sdk(await aiGateway([provider]));
  const ask = (encoding?: 'float') =>
    openai.embeddings.create({ model: 'smart', input: 'a', ...(encoding && { encoding_format: encoding }) });

  for (const { data, usage } of [await ask(), await ask('float')])
    expect([data[0]?.embedding, usage.prompt_tokens]).toEqual([[0.5, -2], 2]);
});

it('says so where a model has no embeddings, and asks a fallback that has', async () => {
  const [claude, backup] = await Promise.all([modelService('a'), modelService('b')]);
  const gateway = await aiGateway([asAnthropic(claude), backup], {
    models: {
      'backup-1': { targets: [{ provider: 'p1', model: 'text-embedding-3-small' }] },
      alone: { targets: [{ provider: 'p0', model: 'claude-haiku-4-5' }] },
    },
  });
  const ask = (model: string) => chat(gateway, { model, input: 'Hi' }, {}, '/v1/embeddings');

  const refused = await ask('alone');
  const answered = await ask('smart');

  expect(refused.status).toBe(400);
  expect(errorOf(refused)).toMatchObject({ code: 'endpoint_not_supported', type: 'invalid_request_error' });
  expect(answered.status).toBe(200);
  expect(await lineOf(gateway, answered)).toMatchObject({ fallback: 'backup-1', attempts: 1 });
  expect(claude.stats.requests).toBe(0);
});

it('raises the errors of the SDK’s own classes', async () => {
  const { openai } = await setUp();
  const ask = (model: string, dimensions: number) =>
    openai.embeddings.create({ model, input: 'Hi', dimensions }).catch((reason: unknown) => reason);

  expect(await ask('vectors-9', 8)).toBeInstanceOf(OpenAI.NotFoundError);
  expect(await ask('vectors', -1)).toBeInstanceOf(OpenAI.BadRequestError);
});
