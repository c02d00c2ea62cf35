// Embeddings of a provider that has words of its own for them.
import { expect, it } from 'vitest';
import { openaiEmbeddings as spoken } from '../../../src/ai/dialects/openai-embeddings/index.ts';
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
const name = { requestId: 'r1', model: 'vectors', created: 1 };

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

it('a place that is none makes no room for as many vectors', () => {
  const parts = spoken.readAnswer({ data: [{ index: 4e9, embedding: [1] }] }) ?? [];
  expect(parts).toContainEqual({ type: 'embedding', index: 0, vector: [1] });
});

it('what they came to is known where the total alone is said (Jina, Voyage)', () => {
  const parts = spoken.readAnswer({ data: [{ embedding: [1] }], usage: { total_tokens: 7 } }) ?? [];
  expect(parts).toContainEqual({ type: 'usage', usage: { input: 7, output: 0, cached: 0 } });
});
