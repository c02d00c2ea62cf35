// Embeddings of a provider that has words of its own for them.
import { describe, expect, it } from 'vitest';
import { openaiEmbeddings as spoken } from '../../../src/ai/dialects/openai-embeddings/index.ts';
import { vertexEmbeddings } from '../../../src/ai/dialects/vertex-embeddings/index.ts';
import { openaiEmbeddings } from '../../../src/ai/formats/openai-embeddings/index.ts';
import { Translation } from '../../../src/ai/translation.ts';
import type { EmbeddingsDialect } from '../../../src/contracts/provider.ts';

/** Answers with numbers, in any order. */
const dialect: EmbeddingsDialect = {
  path: () => '/embed',
  uncarried: ['user'],
  convertRequest: ({ inputs, dimensions }, { model }) => ({ model, texts: inputs, size: dimensions }),
  readAnswer: () => undefined,
};
const name = { id: 'r1', requestId: 'r1', model: 'vectors', created: 1 };

const translate = (body: object) =>
  new Translation(
    openaiEmbeddings.readRequest({ ...body }),
    openaiEmbeddings,
    dialect,
    () => undefined,
    name,
  );
const call = { model: 'm', stream: false };

it('asks in the provider’s words', () => {
  const asked = translate({ input: ['a', 'b'], dimensions: 2, encoding_format: 'base64' }).request(call);
  expect(JSON.parse(asked.toString())).toEqual({ model: 'm', texts: ['a', 'b'], size: 2 });
});

it.each(['user', 'truncate'])('refuses %s, which can’t be carried', (field) => {
  expect(() => translate({ input: 'a', [field]: 'x' }).request(call)).toThrow(
    expect.objectContaining({ code: 'field_not_supported', param: field }),
  );
});

it('answers in the order of the inputs and in the encoding that was asked for', () => {
  const parts = [
    { type: 'embedding', index: 1, vector: [0.5, -1] },
    { type: 'embedding', index: 0, vector: [1, 2] },
    { type: 'usage', usage: { input: 3, output: 0, cached: 0 } },
  ] as const;
  const answerOf = (encoding: string) =>
    JSON.parse(
      translate({ input: ['a', 'b'], encoding_format: encoding })
        .answer(parts)
        ?.toString() ?? '',
    );

  expect(answerOf('float')).toEqual({
    object: 'list',
    model: 'vectors',
    data: [
      { object: 'embedding', index: 0, embedding: [1, 2] },
      { object: 'embedding', index: 1, embedding: [0.5, -1] },
    ],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
  const packed = Buffer.from(answerOf('base64').data[1].embedding, 'base64');
  expect([packed.readFloatLE(0), packed.readFloatLE(4)]).toEqual([0.5, -1]);
});

it('makes numbers of a vector that came as bytes', () => {
  const bytes = Buffer.alloc(8);
  bytes.writeFloatLE(0.25, 0);
  bytes.writeFloatLE(8, 4);
  const parts = [{ type: 'embedding', index: 0, vector: bytes.toString('base64') }] as const;
  expect(JSON.parse(String(translate({ input: 'a' }).answer(parts))).data[0].embedding).toEqual([0.25, 8]);
});

it.each([
  ['input', {}],
  ['input', { input: [] }],
  ['input', { input: [1, 'a'] }],
  ['encoding_format', { input: 'a', encoding_format: 'int8' }],
])('refuses a wrong %s: %j', (param, body) => {
  expect(() => translate(body)).toThrow(expect.objectContaining({ code: 'body_invalid', param }));
});

describe('Vertex’s newer models', () => {
  const path = (model: string) => vertexEmbeddings.path({ model, stream: false });
  const asked = (inputs: string[], model: string, dimensions?: number) =>
    vertexEmbeddings.convertRequest(
      { inputs, dimensions, encoding: 'float', uncarried: [] },
      { model, stream: false },
    );

  it('are asked by a method of their own', () => {
    expect(path('gemini-embedding-2')).toBe('/publishers/google/models/gemini-embedding-2:embedContent');
    expect(path('intfloat/multilingual-e5-large-instruct-maas')).toBe(
      '/publishers/intfloat/models/multilingual-e5-large-instruct-maas:embedContent',
    );
    for (const model of ['gemini-embedding-001', 'text-embedding-005'])
      expect(path(model)).toBe(`/publishers/google/models/${model}:predict`);
    expect(asked(['a'], 'gemini-embedding-2', 256)).toEqual({
      content: { role: 'user', parts: [{ text: 'a' }] },
      embedContentConfig: { outputDimensionality: 256 },
    });
    expect(asked(['a', 'b'], 'gemini-embedding-001')).toEqual({
      instances: [{ content: 'a' }, { content: 'b' }],
    });
  });

  it('take one text a call', () => {
    expect(() => asked(['a', 'b'], 'gemini-embedding-2')).toThrow(
      expect.objectContaining({ field: { at: 'input' } }),
    );
  });

  it('say what it came to', () => {
    const answer = { embedding: { values: [0.5] }, usageMetadata: { promptTokenCount: 4 } };
    const parts = vertexEmbeddings.readAnswer(answer);
    expect(parts).toContainEqual({ type: 'embedding', index: 0, vector: [0.5] });
    expect(parts).toContainEqual({ type: 'usage', usage: { input: 4, output: 0, cached: 0 } });
  });
});

it('a place that is none makes no room for as many vectors', () => {
  const parts = spoken.readAnswer({ data: [{ index: 4e9, embedding: [1] }] }) ?? [];
  expect(parts).toContainEqual({ type: 'embedding', index: 0, vector: [1] });
});

it('what they came to is known where the total alone is said (Jina, Voyage)', () => {
  const parts = spoken.readAnswer({ data: [{ embedding: [1] }], usage: { total_tokens: 7 } }) ?? [];
  expect(parts).toContainEqual({ type: 'usage', usage: { input: 7, output: 0, cached: 0 } });
});
