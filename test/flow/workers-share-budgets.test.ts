// A budget is one, however many workers spend it, and whatever becomes of the one that was spending.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  type ChatAnswer,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  PROVIDER_KEY,
  ROLE,
  rawProvider,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

const LIMIT = 100;
const sha256 = createHash('sha256').update(CLIENT_KEY).digest('hex');

const requests = (limit: number) => [
  { name: 'calls', scope: 'consumer', requests: limit, usd: 1, per: '1d' },
];
const prices = { 'p0/gpt-4o-mini': { input: 1, output: 10 } };

const withTwoWorkers = (provider: { url: string }, budgets: object[], store: object = {}) =>
  gatewayProcess({
    server: { workers: 2, shed: { maxEventLoopDelay: '30s' }, timeouts: { drain: '1s' } },
    store,
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }] as object,
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { p0: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: PROVIDER_KEY } },
      models: { smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
      budgets,
      prices,
    },
  });

/** A file that outlives the gateway. */
async function kept(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-budgets-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { url: `sqlite:${join(folder, 'state.db')}` };
}

/** What the next gateway on the same file finds. */
const found = async (gateway: TestGateway) => {
  const { items } = (await admin(gateway, '/api/budgets')).body as {
    items: { unit: string; spent: number; held: number }[];
  };
  return Object.fromEntries(items.map(({ unit, spent, held }) => [unit, { spent, held }]));
};

it('of 200 callers at once on a budget of 100 calls exactly 100 reach the provider, through two workers on one SQLite file', async () => {
  // Nobody is answered before all who may be are there: no call is made with what another has given back.
  const held: (() => void)[] = [];
  const provider = await rawProvider((response) =>
    held.push(() =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'),
    ),
  );
  const gateway = await withTwoWorkers(provider, requests(LIMIT));
  expect(await gateway.workers()).toHaveLength(2);
  const asOpenai = () => chat(gateway, hello());
  const asAnthropic = () => chat(gateway, { ...hello(), max_tokens: 5 }, {}, '/v1/messages');

  let refused = 0;
  const callers = Array.from({ length: 2 * LIMIT }, async (_, i): Promise<ChatAnswer & { words: string }> => {
    const answer = await (i % 2 === 0 ? asOpenai() : asAnthropic());
    if (answer.status !== 200) refused++;
    return { ...answer, words: i % 2 === 0 ? 'OpenAI' : 'Anthropic' };
  });
  await eventually(() => refused + held.length === 2 * LIMIT, 60_000);
  for (const answer of held) answer();
  const answers = await Promise.all(callers);

  expect(provider.taken).toHaveLength(LIMIT);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
  const turnedAway = answers.filter(({ status }) => status === 429);
  expect(turnedAway).toHaveLength(LIMIT);
  for (const answer of turnedAway)
    expect(errorOf(answer)).toMatchObject(
      answer.words === 'OpenAI' ? { code: 'insufficient_quota' } : { type: 'rate_limit_error' },
    );
  expect(await gateway.metric('gateway_budget_refused_total', 'budget="calls"')).toBe(LIMIT);
  // What was used stays used, whichever worker is asked.
  for (let i = 0; i < 4; i++) expect((await asOpenai()).status).toBe(429);
}, 120_000);

it('a call that outlasts the drain time after SIGTERM is billed for what was said, once', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, STREAM_HEADERS).write(`${ROLE}${word('Hello there')}`),
  );
  const store = await kept();
  const gateway = await withTwoWorkers(provider, requests(LIMIT), store);
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(hello(true)),
  });
  const body = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let said = '';
  const hear = async (): Promise<boolean> => {
    const { done, value = '' } = await body.read();
    said += value;
    return !done;
  };
  while (!said.includes('Hello there') && (await hear()));

  for (const pid of [gateway.child.pid ?? 0, ...(await gateway.workers())]) process.kill(pid, 'SIGTERM');
  while (await hear());

  expect(said).toContain('"code":"draining"');
  expect(await gateway.exit).toBe(0);
  const lines = gateway.lines().filter(({ msg }) => msg === 'request');
  expect(lines).toMatchObject([{ reason: 'draining', usage_source: 'estimated', tokens_out: 2 }]);
  const usd = Number(lines[0]?.usd);
  expect(usd).toBeGreaterThan(0);
  const next = await aiGateway([provider], { prices, store, ai: { budgets: requests(LIMIT) } });
  expect(await found(next)).toEqual({
    requests: { spent: 1, held: 0 },
    usd: { spent: expect.closeTo(usd, 8), held: 0 },
  });
  expect((await admin(next, '/api/usage')).body.total).toMatchObject({
    calls: 1,
    usd: expect.closeTo(usd, 9),
  });
}, 120_000);

it('what a worker held that was killed comes back when its lease is over', async () => {
  let isHanging = true;
  const provider = await rawProvider((response) => {
    if (isHanging) return;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}');
  });
  const store = await kept();
  const gateway = await withTwoWorkers(provider, requests(1), store);
  const cut = chat(gateway, hello()).catch((error: Error) => error.message);
  await eventually(() => provider.taken.length === 1);
  for (const pid of await gateway.workers()) process.kill(pid, 'SIGKILL');
  expect(await cut).toMatch(/socket hang up|ECONNRESET/);
  isHanging = false;

  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const next = await aiGateway([provider], { prices, store, ai: { budgets: requests(1) } }, {}, { now });
  expect(await found(next)).toMatchObject({ requests: { spent: 0, held: 1 } });
  expect((await chat(next, hello())).status).toBe(429);

  aheadMs = 61_000;
  expect((await chat(next, hello())).status).toBe(200);
  await eventually(async () => (await found(next)).requests?.held === 0);
  expect(await found(next)).toMatchObject({ requests: { spent: 1, held: 0 } });
  expect(provider.taken).toHaveLength(2);
}, 120_000);
