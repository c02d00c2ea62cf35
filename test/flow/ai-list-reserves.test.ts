// What is read piece by piece (texts to be made vectors, documents to be ranked) comes to more than any model reads at once:
// all of it is reserved.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, rawProvider } from '../helpers/ai.ts';

const ANSWERS = {
  data: [{ index: 0, embedding: [1] }],
  results: [{ index: 0, relevance_score: 1 }],
  usage: { prompt_tokens: 1, total_tokens: 1 },
};

async function budgeted(tokens: number) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ANSWERS)),
  );
  const gateway = await aiGateway(
    [
      { kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never,
      { kind: 'bedrock', baseUrl: provider.url, passthrough: true } as never,
    ],
    { consumer: { budget: { tokens, per: '1d' } }, ai: { reserve: { output: 10 } } },
  );
  const ask = async (path: string, body: object) => {
    const answer = await chat(gateway, { model: 'smart', ...body }, {}, path);
    return answer.status === 429 ? errorOf(answer).code : answer.status;
  };
  return { provider, ask };
}

const own = '/v1/providers/p0';
const named = { model: 'gpt-4o-mini' };
const texts = Array<string>(20).fill('word '.repeat(12_000));
const query = 'word '.repeat(300);
const documents = Array<string>(1_000).fill('a');

it.each([
  ['vectors of many texts', '/v1/embeddings', { input: texts }],
  ['vectors of many texts in tokens', '/v1/embeddings', { input: Array(20).fill(Array(20_000).fill(7)) }],
  ['ranks of many documents', '/v1/rerank', { query: 'a', documents: texts }],
  ['ranks for a long query', '/v1/rerank', { query, documents }],
  ['vectors in a provider’s own words', `${own}/embeddings`, { ...named, input: texts }],
  ['and in tokens', `${own}/v2/embeddings`, { ...named, input: Array(400_000).fill(7) }],
  ['ranks in a provider’s own words', `${own}/v1/rerank`, { ...named, query, documents }],
  ['and as Amazon is asked', '/v1/providers/p1/model/amazon.rerank-v1:0/invoke', { query, documents }],
  ['many prompts', `${own}/completions`, { ...named, prompt: texts, max_tokens: 1 }],
])('%s reserve all that they may come to', async (_what, path, body) => {
  const { provider, ask } = await budgeted(350_000);
  expect(await ask(path, body)).toBe('insufficient_quota');
  expect(provider.taken).toHaveLength(0);
});

it.each([
  ['/v1/embeddings', { input: texts }],
  ['/v1/rerank', { query, documents }],
])('and no more than that: %s', async (path, body) => {
  const { ask } = await budgeted(600_000);
  expect(await ask(path, body)).toBe(200);
});
