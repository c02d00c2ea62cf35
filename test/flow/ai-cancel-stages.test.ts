// A client may leave while somebody beside its provider is asked: that one is told as well, and what was owed is owed once.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  type AiConfig,
  aiGateway,
  CLIENT_KEY,
  hello,
  mayHaveMade,
  modelService,
  rawProvider,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const budgets = [{ name: 'b', scope: 'consumer', usd: 1, requests: 100, per: '1d' }];

/** Answers nobody, and knows when one that waits has gone. */
async function silent() {
  let [waiting, left] = [0, 0];
  const hang = (response: ServerResponse): void => {
    waiting++;
    response.once('close', () => left++);
  };
  return { hang, server: await rawProvider(hang), waiting: () => waiting, left: () => left };
}

/** Asks, and leaves once `isThere`. */
async function leaves(
  gateway: TestGateway,
  isThere: () => unknown,
  path = '/v1/chat/completions',
  body: object = hello(),
) {
  const leaving = new AbortController();
  const asked = fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { ...JSON_HEADERS, authorization: `Bearer ${CLIENT_KEY}` },
    body: JSON.stringify(body),
    signal: leaving.signal,
  }).catch((error: Error) => error.name);
  await eventually(isThere);
  leaving.abort();
  expect(await asked).toBe('AbortError');
  const line = await gateway.accessLine(({ reason, purpose }) => reason === 'client_cancelled' && !purpose);
  expect(line.outcome).toBe('client_cancelled');
  return line;
}

/** Nothing is held any more, and this is all that was spent. */
async function spent(gateway: TestGateway, requests: number, usd: number): Promise<void> {
  const standings = async () =>
    (await admin(gateway, '/api/budgets')).body.items as { unit: string; spent: number; held: number }[];
  await eventually(async () => {
    const all = await standings();
    const of = (unit: string) => all.find((each) => each.unit === unit)?.spent ?? 0;
    return (
      all.every(({ held }) => held === 0) && of('requests') === requests && Math.abs(of('usd') - usd) < 2e-9
    );
  });
}

const before = (config: AiConfig, upstream: { url: string }) =>
  aiGateway([upstream], { ...config, ai: { budgets, ...config.ai } });

it('a client leaves while a guard is asked: the guard is told, no model is asked, nothing is owed', async () => {
  const [upstream, guard] = [await modelService(), await silent()];
  const policies = [{ 'guard-webhook': { url: guard.server.url, timeout: '5m' } }];
  const gateway = await before({ policies }, upstream);

  const line = await leaves(gateway, guard.waiting);

  await eventually(() => guard.left() === 1);
  for (const field of ['usd', 'tokens_in', 'usage_source']) expect(line).not.toHaveProperty(field);
  // It has not failed: nobody waited for it.
  expect(await gateway.metric('gateway_policy_degraded_total')).toBe(0);
  await spent(gateway, 0, 0);
  expect(upstream.stats.requests).toBe(0);
});

it('a client leaves while a like question is looked for: who makes its vector is told, and the model not asked', async () => {
  const [upstream, vectors] = [await modelService(), await silent()];
  const config = {
    ai: {
      cache: { semantic: { model: 'vectors', threshold: 0.7, timeout: '5m' } },
      providers: { v: { kind: 'openai', baseUrl: `${vectors.server.url}/v1`, apiKey: 'k' } },
    },
    models: {
      vectors: { targets: [{ provider: 'v', model: 'text-embedding-3-small' }], cache: { enabled: false } },
    },
    prices: { 'v/text-embedding-3-small': { input: 1, output: 0 } },
  };
  const gateway = await before(config, upstream);

  const line = await leaves(gateway, vectors.waiting);

  await eventually(() => vectors.left() === 1);
  for (const field of ['usd', 'tokens_in', 'usage_source']) expect(line).not.toHaveProperty(field);
  // The text was on its way to be made a vector of: that is a call for itself, with a line of its own.
  const inner = await gateway.accessLine(({ purpose }) => purpose === 'cache');
  expect(inner).toMatchObject({ outcome: 'client_cancelled', usage_source: 'estimated', tokens_out: 0 });
  await spent(gateway, 1, Number(inner.usd));
  expect((await admin(gateway, '/api/usage')).body.total).toMatchObject({ calls: 1, usd: inner.usd });
  expect(upstream.stats.requests).toBe(0);
});

it('a client leaves while an answer is repaired: the first is billed as reported, the second by its prompt and its time, once', async () => {
  const second = await silent();
  const provider = await rawProvider((response) => {
    if (provider.taken.length > 1) return second.hang(response);
    const choices = [{ message: { content: '{"usd":"five"}' }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 1000, completion_tokens: 500 };
    response.writeHead(200, JSON_HEADERS).end(JSON.stringify({ choices, usage }));
  });
  const versions = { 1: { messages: [{ role: 'user', content: 'Price of {{item}}?' }] } };
  const output = { type: 'object', required: ['usd'], properties: { usd: { type: 'number' } } };
  const config = {
    ai: { prompts: { price: { model: 'smart', version: 1, versions, output } } },
    prices: { 'p0/gpt-4o-mini': { input: 1, output: 1 } },
  };
  const gateway = await before(config, provider);

  const line = await leaves(gateway, second.waiting, '/v1/prompts/price', { item: 'tea' });

  await eventually(() => second.left() === 1);
  expect(line).toMatchObject({ repaired: true, attempts: 2, usage_source: 'estimated' });
  expect(line.tokens_in).toBeGreaterThan(1000);
  expect(line.tokens_out).toBeGreaterThanOrEqual(500);
  expect(line.tokens_out).toBeLessThanOrEqual(500 + mayHaveMade(line));
  expect(line.usd).toBeCloseTo((Number(line.tokens_in) + Number(line.tokens_out)) / 1e6, 9);
  await spent(gateway, 1, Number(line.usd));
  expect((await admin(gateway, '/api/usage')).body.total).toMatchObject({ calls: 1, usd: line.usd });
  expect(provider.taken).toHaveLength(2);
});
