// A budget is reserved before a call and settled after it: nobody gets past it together who could not get past it alone.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  type ChatAnswer,
  CLIENT_KEY,
  chat,
  DONE,
  errorOf,
  hello,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  USAGE,
  word,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { startRedis } from '../helpers/redis-server.ts';

vi.setConfig({ testTimeout: 60_000 });

const answer = (input: number, output: number) =>
  JSON.stringify({
    choices: [{ message: { content: 'Hello there' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: input, completion_tokens: output },
  });

/** A provider that takes its time, so that calls meet. */
const provider = (usage: [number, number] = [10, 5], ms = 20) =>
  rawProvider((response, { body }) => {
    const isStream = body.includes('"stream":true');
    const timer = setTimeout(() => {
      if (isStream)
        response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${word('Hello')}${STOP}${USAGE}${DONE}`);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(answer(...usage));
    }, ms);
    response.once('close', () => clearTimeout(timer));
  });

async function sqliteFile(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-budget-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return `sqlite:${join(dir, 'store.db')}`;
}

const count = (answers: ChatAnswer[], status: number): number =>
  answers.filter((each) => each.status === status).length;

const burst = (gateways: TestGateway[], calls: number): Promise<ChatAnswer[]> =>
  Promise.all(
    Array.from({ length: calls }, (_, i) =>
      chat(gateways[i % gateways.length] as TestGateway, hello(i % 2 === 0)),
    ),
  );

const requests = (limit: number) => [{ name: 'calls', scope: 'consumer', requests: limit, per: '1d' }];

it.each([
  ['memory', async () => 'memory:'],
  ['SQLite', sqliteFile],
])('of 200 callers at once on a budget of 100 calls exactly 100 reach the provider, on %s', async (_name, url) => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    ai: { budgets: requests(100) },
    store: { url: await url() },
  });

  const answers = await burst([gateway], 200);

  expect(upstream.taken).toHaveLength(100);
  expect(count(answers, 429)).toBe(100);
  expect(await gateway.metric('gateway_budget_refused_total', { budget: 'calls' })).toBe(100);
});

it('three replicas on one Redis let exactly 100 of 200 through, and not one more later', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const upstream = await provider();
  // What the store does not answer in time passes: on a busy machine that is not what this is about.
  const config = { ai: { budgets: requests(100) }, store: { url: redis.url, timeout: '10s' } };
  const replicas = await Promise.all([1, 2, 3].map(() => aiGateway([upstream], config)));

  const answers = await burst(replicas, 200);
  const later = await burst(replicas, 12);

  expect(upstream.taken).toHaveLength(100);
  expect(count(answers, 429)).toBe(100);
  expect(count(later, 429)).toBe(12);
});

it('two gateways on one SQLite file share a budget', async () => {
  const upstream = await provider();
  const config = { ai: { budgets: requests(20) }, store: { url: await sqliteFile() } };
  const gateways = [await aiGateway([upstream], config), await aiGateway([upstream], config)];

  await burst(gateways, 60);

  expect(upstream.taken).toHaveLength(20);
});

it('a spent budget is said in OpenAI’s words, with what remains and when it begins anew', async () => {
  const upstream = await provider([100, 50]);
  const gateway = await aiGateway([upstream], {
    ai: { budgets: [{ name: 'daily', scope: 'consumer', tokens: 200, per: '1d' }] },
  });
  await chat(gateway, { ...hello(), max_tokens: 50 });
  await eventually(() =>
    gateway.metric('gateway_budget_used_ratio', { budget: 'daily' }).then((used) => used === 0.75),
  );

  const refused = await chat(gateway, { ...hello(), max_tokens: 50 });

  expect(refused.status).toBe(429);
  expect(errorOf(refused)).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' });
  expect(errorOf(refused).message).toMatch(/daily.*200 tokens.*50 tokens remain/);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.headers['x-should-retry']).toBe('false');
  expect(await lineOf(gateway, refused)).toMatchObject({ reason: 'budget_spent', outcome: 'not_asked' });
  await expect(
    sdk(gateway).chat.completions.create({ ...hello(), max_tokens: 50 } as never),
  ).rejects.toMatchObject({
    status: 429,
    code: 'insufficient_quota',
  });
  // What fits may still go.
  expect((await chat(gateway, { ...hello(), max_tokens: 1 })).status).toBe(200);
});

it('money is charged as it was spent, to the billionth', async () => {
  const prices = { 'p0/gpt-4o-mini': { input: 10, output: 100 } };
  const gateway = await aiGateway([await provider([1_000, 10])], {
    prices,
    consumer: { budget: { usd: 0.025, per: 'month' } },
    ai: { reserve: { output: 10 } },
  });

  expect((await chat(gateway, hello())).status).toBe(200);
  const used = () => gateway.metric('gateway_budget_used_ratio', { budget: 'app', unit: 'usd' });
  await eventually(async () => (await used()).toFixed(9) === '0.440000000');
  expect((await chat(gateway, hello())).status).toBe(200);
  await eventually(async () => (await used()).toFixed(9) === '0.880000000');

  const change = await eventually(() => gateway.lines.find(({ kind }) => kind === 'budget'));
  expect(change).toMatchObject({
    subject: 'app app',
    from: 'ok',
    to: 'soft',
    reason: '0.022 USD of 0.025 USD spent',
  });
  const warned = await chat(gateway, hello());
  expect(warned.headers['x-gateway-budget']).toMatch(/^app;used=0\.\d+;reset=\d+$/);
  await eventually(async () => (await used()) > 1);
  expect((await chat(gateway, hello())).status).toBe(429);
});

it('a call must fit into all its budgets, and one that does not takes from none', async () => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    ai: {
      budgets: [
        { name: 'large', scope: 'group', requests: 100, per: '1h' },
        { name: 'per-user', scope: 'user', requests: 1, per: '1h' },
        { name: 'model', scope: 'model', match: ['smart'], requests: 3, per: '1h' },
      ],
    },
    consumer: { groups: ['web'] },
  });
  const as = (user: string) => chat(gateway, { ...hello(), user });

  expect((await as('ann')).status).toBe(200);
  expect(errorOf(await as('ann')).message).toContain('per-user');
  expect((await as('bob')).status).toBe(200);
  // Who doesn't say who they are share one budget.
  expect((await chat(gateway, hello())).status).toBe(200);
  expect(errorOf(await as('eve')).message).toContain('model');
  await eventually(
    async () =>
      (await gateway.metric('gateway_budget_used_ratio', { budget: 'large', subject: 'web' })) === 0.03,
  );
  expect(upstream.taken).toHaveLength(3);
});

it('the budget of a model is no smaller by another name: what leads to it draws on it', async () => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    models: {
      routed: {
        targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
        routes: [{ when: { header: { 'x-plan': 'gold' } }, model: 'smart' }],
      },
    },
    ai: { budgets: [{ name: 'dear', scope: 'model', match: ['smart'], requests: 1, per: '1d' }] },
  });
  const ask = async (model: string, headers = {}) =>
    (await chat(gateway, { ...hello(), model }, headers)).status;

  expect(await ask('routed', { 'x-plan': 'gold' })).toBe(200);
  expect(await ask('routed', { 'x-plan': 'gold' })).toBe(429);
  expect(await ask('smart')).toBe(429);
  expect(await ask('routed')).toBe(200);
});

it('a prompt longer than most models read reserves as much of it as the model that is asked reads', async () => {
  const upstream = await provider();
  const own = { kind: 'openai', baseUrl: `${upstream.url}/v1`, apiKey: 'k', passthrough: true };
  const gateway = await aiGateway([upstream], {
    models: { long: { targets: [{ provider: 'p0', model: 'gpt-4.1' }] } },
    ai: { reserve: { output: 10 }, providers: { own } },
    consumer: { budget: { tokens: 250_000, per: '1d' } },
  });
  const messages = [{ role: 'user', content: 'word '.repeat(180_000) }];
  const ask = async (model: string, path?: string) =>
    (await chat(gateway, { ...hello(), model, messages }, {}, path)).status;

  expect(await ask('long')).toBe(429);
  expect(await ask('gpt-4.1', '/v1/providers/own/chat/completions')).toBe(429);
  expect(await ask('smart')).toBe(200);
});

it('a call that reached nobody takes no money, and one that failed with all its fallbacks gives it back', async () => {
  const failing = await rawProvider((response) => response.writeHead(500).end());
  const gateway = await aiGateway([failing, failing], {
    ai: { budgets: [{ name: 'money', scope: 'consumer', usd: 1, requests: 10, per: '1d' }] },
  });

  await chat(gateway, hello());

  const used = (unit: string) => gateway.metric('gateway_budget_used_ratio', { budget: 'money', unit });
  await eventually(async () => (await used('requests')) === 0.1 && (await used('usd')) === 0);
});

it('a provider that names a sum beyond all measure spends the budget that it falls under, and holds up no other', async () => {
  const naming = (input: number, cost: number) =>
    rawProvider((response) => {
      const said = JSON.parse(answer(input, 5)) as { usage: object };
      const usage = { ...said.usage, cost };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...said, usage }));
    });
  const providers = [await naming(Number.MAX_SAFE_INTEGER, 1e12), await naming(10, 1)];
  const gateway = await aiGateway(providers, {
    ai: { budgets: [{ name: 'each', scope: 'model', usd: 1_000, tokens: 1_000_000, per: '1d' }] },
  });
  const used = (subject: string, unit: string) =>
    gateway.metric('gateway_budget_used_ratio', { budget: 'each', subject, unit });

  expect((await chat(gateway, hello())).status).toBe(200);
  expect((await chat(gateway, { ...hello(), model: 'backup-1' })).status).toBe(200);

  await eventually(async () => (await used('backup-1', 'usd')) === 0.001);
  await eventually(async () => (await used('smart', 'tokens')) > 1);
  expect((await chat(gateway, hello())).status).toBe(429);
  expect((await chat(gateway, { ...hello(), model: 'backup-1' })).status).toBe(200);
});

it('somebody in many groups draws on the budgets of all of them', async () => {
  const upstream = await provider();
  const groups = Array.from({ length: 60 }, (_, i) => `team-${i}`);
  const gateway = await aiGateway([upstream], {
    ai: { budgets: [{ name: 'team', scope: 'group', requests: 1, tokens: 100_000, per: '1d' }] },
    consumer: { groups },
  });

  expect((await chat(gateway, hello())).status).toBe(200);
  expect(errorOf(await chat(gateway, hello())).message).toContain('team');
});

it.each([
  { max_tokens: Number.MAX_SAFE_INTEGER },
  { n: 1e15 },
  { max_tokens: 1e12, n: 1e12 },
])('more than anybody could count is more than remains: %j', async (more) => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    consumer: { budget: { usd: 5, tokens: 10_000, per: '1d' } },
  });

  expect((await chat(gateway, { ...hello(), ...more })).status).toBe(429);
  expect(upstream.taken).toHaveLength(0);
  expect((await chat(gateway, hello())).status).toBe(200);
});

it('a maximum in another format’s words reserves nothing less, in a provider’s own words neither', async () => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    ai: {
      reserve: { output: 5_000 },
      providers: {
        own: { kind: 'openai', baseUrl: `${upstream.url}/v1`, apiKey: 'k', passthrough: true },
      },
    },
    consumer: { budget: { tokens: 4_000, per: '1d' } },
  });
  const ask = (more: object, path?: string) => chat(gateway, { ...hello(), ...more }, {}, path);
  const below = '/v1/providers/own/chat/completions';

  for (const more of [{ max_output_tokens: 1 }, { generationConfig: { maxOutputTokens: 1 } }])
    for (const path of [undefined, below]) expect((await ask(more, path)).status).toBe(429);
  for (const path of [undefined, below]) expect((await ask({ max_tokens: 10 }, path)).status).toBe(200);
});

it('a model without a price does not get round a budget of money', async () => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    models: { own: { targets: [{ provider: 'p0', model: 'house-model-7' }] } },
    consumer: { budget: { usd: 1, per: '1d' } },
  });

  const refused = await chat(gateway, { ...hello(), model: 'own' });

  expect([refused.status, errorOf(refused).code]).toEqual([503, 'budget_unpriced']);
  expect(upstream.taken).toHaveLength(0);
});

it('a limit that the vendor wants and the client leaves open is the configured one, and that much is held', async () => {
  const waiting: (() => void)[] = [];
  const claude = await rawProvider((response) => {
    const answered = {
      id: 'm',
      type: 'message',
      model: 'claude-opus-4-8',
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 5 },
    };
    response.setHeader('content-type', 'application/json');
    waiting.push(() => response.end(JSON.stringify(answered)));
  });
  const target = { provider: 'anthropic', model: 'claude-opus-4-8', maxOutput: 30_000 };
  const gateway = await aiGateway([await provider()], {
    ai: {
      reserve: { output: 10 },
      providers: { anthropic: { ...asAnthropic(claude), apiKey: 'sk-claude' } },
    },
    models: { wise: { targets: [target] } },
    consumer: { budget: { tokens: 31_000, per: '1d' } },
  });
  const ask = () => chat(gateway, { ...hello(), model: 'wise' });

  const first = ask();
  await eventually(() => waiting.length === 1);
  expect(JSON.parse(claude.taken[0]?.body.toString() ?? '')).toMatchObject({ max_tokens: 30_000 });
  // Two at once could come to more than there is.
  expect((await ask()).status).toBe(429);
  waiting[0]?.();
  expect((await first).status).toBe(200);
});

it.each([
  'allow',
  'deny',
])('while Redis is dead a budget does as its onStoreDown says: %s', async (onStoreDown) => {
  const redis = await startRedis({ dir: await mkdtemp(join(tmpdir(), 'hypercare-budget-redis-')) });
  onTestFinished(() => redis.stop());
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    ai: { budgets: [{ name: 'calls', scope: 'consumer', requests: 3, per: '1d', onStoreDown }] },
    store: { url: redis.url, timeout: '10s' },
  });
  expect((await chat(gateway, hello())).status).toBe(200);
  await redis.kill9();

  const answers = await burst([gateway], 4);

  expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(onStoreDown === 'allow' ? 200 : 503));
  expect(await gateway.metric('gateway_policy_degraded_total', { policy: 'budget' })).toBe(4);
  await redis.restart();
  // What passed meanwhile is charged once the store is back: nothing of it was free.
  await eventually(async () => {
    const { status } = await chat(gateway, { ...hello(), user: randomUUID() });
    return onStoreDown === 'allow' ? status === 429 : status === 200;
  }, 20_000);
  if (onStoreDown === 'allow') {
    const used = () => gateway.metric('gateway_budget_used_ratio', { budget: 'calls' });
    await eventually(async () => (await used()) >= 5 / 3);
  }
});

it('a budget lives on through a reload and a restart', async () => {
  const upstream = await provider();
  const url = await sqliteFile();
  const config = { ai: { budgets: requests(3) }, store: { url } };
  const first = await aiGateway([upstream], config);
  await chat(first, hello());
  await first.reload();
  await chat(first, hello());
  await first.close();
  const second = await aiGateway([upstream], config);

  expect((await chat(second, hello())).status).toBe(200);
  expect((await chat(second, hello())).status).toBe(429);
});

it('an agent that runs in circles is stopped: by calls, by money, by rounds of tools', async () => {
  const upstream = await provider();
  const gateway = await aiGateway([upstream], { ai: { loops: { maxCalls: 2, maxDepth: 2, per: '1h' } } });
  const inSession = (session: string) => chat(gateway, hello(), { 'x-session-id': session });
  const call = {
    role: 'assistant',
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
  };
  const result = { role: 'tool', tool_call_id: 'a', content: 'again' };
  const rounds = (n: number) => ({
    ...hello(),
    messages: [{ role: 'user', content: 'Go' }, ...Array.from({ length: n }, () => [call, result]).flat()],
  });

  expect((await inSession('a')).status).toBe(200);
  expect((await inSession('a')).status).toBe(200);
  const stopped = await inSession('a');
  expect([stopped.status, errorOf(stopped).code, stopped.headers['x-should-retry']]).toEqual([
    429,
    'loop_stopped',
    'false',
  ]);
  expect((await inSession('b')).status).toBe(200);
  expect((await chat(gateway, { ...hello(), metadata: { session_id: 'a' } })).status).toBe(429);

  expect((await chat(gateway, rounds(2))).status).toBe(200);
  const deep = await chat(gateway, rounds(3));
  expect([deep.status, errorOf(deep).code]).toEqual([429, 'loop_stopped']);
  expect(await lineOf(gateway, deep)).toMatchObject({ reason: 'loop_stopped' });
});

it('Anthropic’s clients are told in Anthropic’s words', async () => {
  const gateway = await aiGateway([await provider()], { ai: { budgets: requests(0) } });

  const answer = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': CLIENT_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'smart', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] }),
  });

  expect(answer.status).toBe(429);
  expect(await answer.json()).toMatchObject({
    type: 'error',
    error: { type: 'rate_limit_error', code: 'budget_spent' },
  });
});

it('a client that leaves while the budget is asked holds nothing, and asks nobody', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const upstream = await provider();
  const gateway = await aiGateway([upstream], {
    ai: { budgets: [{ name: 'calls', scope: 'consumer', requests: 1, per: '1d' }] },
    store: { url: redis.url, timeout: '5s' },
  });
  redis.pause();
  const controller = new AbortController();
  const asked = sdk(gateway)
    .chat.completions.create(hello() as never, { signal: controller.signal })
    .catch((error: Error) => error.name);
  await eventually(async () => (await gateway.metric('gateway_requests_in_flight')) === 1);
  controller.abort();
  await asked;
  expect(await gateway.accessLine(({ route }) => route === 'ai')).toMatchObject({
    reason: 'client_cancelled',
  });

  redis.resume();

  await eventually(async () => (await chat(gateway, hello())).status === 200);
  expect(upstream.taken).toHaveLength(1);
});
