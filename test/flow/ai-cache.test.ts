// Answers of models that are kept: given again to the same question of the same consumer, whole or as a stream, for
// nothing, and honest about their age.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  type AiConfig,
  aiGateway,
  anthropicSdk,
  asAnthropic,
  type ChatAnswer,
  CLIENT_KEY,
  chat,
  hello,
  lineOf,
  modelService,
  sdk,
} from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';

const CACHE = { cache: { ttl: '10m' } };

async function setUp(config: AiConfig = { ai: CACHE }, anthropic = false) {
  const service = await modelService();
  const gateway = await aiGateway([anthropic ? asAnthropic(service) : service], config);
  /** Its answer, once the one before has been kept. */
  const ask = async (body: object = hello(), headers: Record<string, string> = {}): Promise<ChatAnswer> => {
    const answer = await chat(gateway, body, headers);
    await lineOf(gateway, answer);
    return answer;
  };
  return { service, gateway, ask };
}

const said = ({ body }: ChatAnswer): string =>
  (JSON.parse(body.toString()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';
const how = ({ headers }: ChatAnswer) => headers['x-gateway-cache'];

const rows = async (gateway: TestGateway) =>
  (await admin(gateway, '/api/usage?by=model')).body as {
    total: { calls: number; fromCache: number; usd: number; savedUsd: number; input: number };
  };

describe('an answer that is kept', () => {
  it('is given again byte by byte, costs nothing, and says how old it is', async () => {
    let now = 1_800_000_000_000;
    const service = await modelService();
    const config = {
      ai: { ...CACHE, budgets: [{ name: 'calls', scope: 'consumer' as const, requests: 1, per: '1d' }] },
      prices: { 'p0/gpt-4o-mini': { input: 1, output: 2 } },
    };
    const gateway = await aiGateway([service], config, {}, { now: () => now });
    const first = await chat(gateway, hello());
    const firstLine = await lineOf(gateway, first);
    now += 90_500;

    // The budget of one call is spent; this one needs none of it.
    const again = await chat(gateway, hello());

    expect([how(first), how(again)]).toEqual(['miss', 'hit']);
    expect(first.headers.age).toBeUndefined();
    expect(again.body.equals(first.body)).toBe(true);
    expect(again.headers).toMatchObject({ age: '90', 'x-gateway-cache-age': '90500' });
    expect(again.headers['x-gateway-target']).toBe('p0/gpt-4o-mini');
    expect(service.stats.requests).toBe(1);
    expect(await lineOf(gateway, again)).toMatchObject({
      cache: 'hit',
      cache_age_ms: 90_500,
      outcome: 'complete',
      usage_source: 'cached',
      usd: 0,
      saved_usd: firstLine.usd,
      tokens_in: firstLine.tokens_in,
      provider: 'p0',
    });
    const { total } = await rows(gateway);
    expect(total).toMatchObject({ calls: 1, fromCache: 1 });
    expect(total.savedUsd).toBeCloseTo(total.usd, 9);
    expect(total.savedUsd).toBeGreaterThan(0);
    // Tokens of a provider are counted where a provider was asked.
    expect(total.input).toBe(firstLine.tokens_in);
    expect(await gateway.metric('gateway_cache_requests_total', { outcome: 'hit' })).toBe(1);
    expect(await gateway.metric('gateway_ai_cache_saved_usd_total', { model: 'smart' })).toBeCloseTo(
      total.savedUsd,
      9,
    );
  });

  it('is forgotten when its time is over', async () => {
    let now = 1_800_000_000_000;
    const service = await modelService();
    const gateway = await aiGateway([service], { ai: CACHE }, {}, { now: () => now });
    await lineOf(gateway, await chat(gateway, hello()));
    now += 600_001;

    expect(how(await chat(gateway, hello()))).toBe('miss');
    expect(service.stats.requests).toBe(2);
  });

  it('is given as a stream to who asks for one, and whole to who does not, in each format', async () => {
    const { service, gateway, ask } = await setUp();
    const whole = await ask();

    const pieces: string[] = [];
    const stream = await sdk(gateway).chat.completions.create({
      model: 'smart',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let tokens = 0;
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content ?? '');
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect(pieces.join('')).toBe(said(whole));
    expect(tokens).toBeGreaterThan(0);

    const client = anthropicSdk(gateway);
    const question = {
      model: 'smart',
      max_tokens: 50,
      messages: [{ role: 'user' as const, content: 'Hello' }],
    };
    const streamed = await client.messages.stream(question).finalMessage();
    await eventually(async () => (await gateway.metric('gateway_ai_outcomes_total')) === 3);
    const message = await client.messages.create(question);
    expect(message.content).toMatchObject(streamed.content);
    expect(message.usage.output_tokens).toBe(streamed.usage.output_tokens);
    // Another format is another answer: one call for each.
    expect(service.stats.requests).toBe(2);
  });

  it('is the same stream, byte by byte, where its provider streamed it', async () => {
    const { service, ask } = await setUp();

    const first = await ask(hello(true));
    const again = await ask(hello(true));
    expect(again.body.equals(first.body)).toBe(true);
    expect(again.headers['content-type']).toContain('text/event-stream');
    expect(service.stats.requests).toBe(1);

    // What it had used its provider said, if not to this client: who wants to know is told.
    expect(first.body.toString()).not.toContain('"usage":{');
    const told = await ask({ ...hello(true), stream_options: { include_usage: true } });
    expect(told.body.toString()).toContain('"usage":{');
    expect([how(told), how(await ask(hello()))]).toEqual(['hit', 'hit']);
    expect(service.stats.requests).toBe(1);
  });

  it('holds calls of tools, from a provider of another format too', async () => {
    const { service, ask } = await setUp(
      { ai: CACHE, models: { smart: { targets: [{ provider: 'p0', model: 'claude-haiku-4-5' }] } } },
      true,
    );
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const body = {
      model: 'smart',
      messages: [{ role: 'user', content: 'What is the weather in Lisbon?' }],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters } }],
    };

    const first = JSON.parse((await ask(body)).body.toString());
    const again = JSON.parse((await ask(body)).body.toString());

    expect(first.choices[0].message.tool_calls[0].function.name).toBe('get_weather');
    expect(again.choices).toEqual(first.choices);
    expect(service.stats.requests).toBe(1);
  });

  it('keeps vectors', async () => {
    const { service, gateway } = await setUp({
      ai: CACHE,
      models: { vectors: { targets: [{ provider: 'p0', model: 'text-embedding-3-small' }] } },
    });
    const asked = { model: 'vectors', input: 'Hello', dimensions: 8 };

    const first = await chat(gateway, asked, {}, '/v1/embeddings');
    await lineOf(gateway, first);
    const again = await chat(gateway, asked, {}, '/v1/embeddings');

    expect(again.body.equals(first.body)).toBe(true);
    expect(how(again)).toBe('hit');
    expect(await lineOf(gateway, again)).toMatchObject({ outcome: 'complete' });
    expect(service.stats.requests).toBe(1);
  });
});

describe('another answer', () => {
  it('is whatever differs in anything that changes it', async () => {
    const { service, ask } = await setUp();
    const changes = [
      {},
      { temperature: 0.3 },
      { messages: [{ role: 'system', content: 'Be brief' }, ...hello().messages] },
      { max_tokens: 500 },
      { response_format: { type: 'json_object' } },
      { messages: [{ role: 'user', content: 'Hello?' }] },
    ];
    for (const change of changes) expect(how(await ask({ ...hello(), ...change }))).toBe('miss');
    expect(service.stats.requests).toBe(changes.length);
  });

  it('is that of another consumer, whatever the body says', async () => {
    const other = 'another-key';
    const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
    const service = await modelService();
    const gateway = await aiGateway([service], { ai: CACHE });
    const config = (await import('node:fs')).readFileSync(gateway.file, 'utf8');
    await gateway.write(
      config.replace(
        'consumers:\n',
        `consumers:\n  - name: rival\n    keys:\n      - id: k1\n        sha256: ${sha256(other)}\n`,
      ),
    );
    expect(await gateway.reload()).toBe(true);
    await lineOf(gateway, await chat(gateway, { ...hello(), user: 'app' }));

    const theirs = await chat(
      gateway,
      { ...hello(), user: 'app', metadata: { consumer: 'app' } },
      { authorization: `Bearer ${other}`, 'x-consumer': 'app' },
    );
    const ours = await chat(gateway, hello(), { authorization: `Bearer ${CLIENT_KEY}` });

    expect([how(theirs), how(ours)]).toEqual(['miss', 'hit']);
    expect(service.stats.requests).toBe(2);
  });

  it('is the one of another version', async () => {
    const { service, gateway, ask } = await setUp();
    await ask();
    const config = (await import('node:fs')).readFileSync(gateway.file, 'utf8');
    await gateway.write(config.replace('model: gpt-4o-mini', 'model: gpt-4o'));
    expect(await gateway.reload()).toBe(true);

    expect(how(await ask())).toBe('miss');
    expect(service.stats.requests).toBe(2);
  });
});

describe('a request', () => {
  it('has neither the answer given nor kept (no-store), or only a new one (no-cache, max-age=0)', async () => {
    const { service, ask } = await setUp();

    expect(how(await ask(hello(), { 'cache-control': 'no-store' }))).toBe('bypass');
    expect(how(await ask())).toBe('miss');
    expect(how(await ask(hello(), { 'cache-control': 'no-cache' }))).toBe('miss');
    expect(how(await ask(hello(), { 'cache-control': 'max-age=0' }))).toBe('miss');
    expect(how(await ask(hello(), { 'cache-control': 'max-age=60' }))).toBe('hit');
    expect(service.stats.requests).toBe(4);
  });

  it('is asked anew where nothing is configured, and where the model is taken out', async () => {
    const plain = await setUp({});
    await plain.ask();
    const answer = await plain.ask();
    expect(how(answer)).toBeUndefined();
    expect(plain.service.stats.requests).toBe(2);

    const off = await setUp({
      ai: CACHE,
      models: {
        smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }], cache: { enabled: false } },
      },
    });
    await off.ask();
    expect(how(await off.ask())).toBeUndefined();
  });
});

describe('what is not kept', () => {
  it('an answer that broke off, one without a finish reason, a refusal', async () => {
    const { service, ask } = await setUp();
    for (const faults of [{ truncate: 3 }, { missingFinish: true }, { status: 429 }]) {
      service.faults.set(faults);
      expect(how(await ask(hello(true)))).not.toBe('hit');
    }
    service.faults.clear();

    expect(how(await ask(hello(true)))).toBe('miss');
  });

  it('an answer that was cut, or that a fallback gave', async () => {
    const { ask } = await setUp();
    await ask({ ...hello(), max_tokens: 1 });
    expect(how(await ask({ ...hello(), max_tokens: 1 }))).toBe('miss');

    const services = [await modelService('a'), await modelService('b')];
    const gateway = await aiGateway(services, { ai: CACHE });
    services[0]?.faults.set({ status: 503 });
    await lineOf(gateway, await chat(gateway, hello()));
    services[0]?.faults.clear();
    const answer = await chat(gateway, hello());
    expect(how(answer)).toBe('miss');
    expect(answer.headers['x-gateway-target']).toBe('p0/gpt-4o-mini');
  });

  it('one that is too large', async () => {
    const { service, ask } = await setUp({ ai: { cache: { maxEntry: '100b' } } });
    await ask(hello(true));
    await ask(hello());
    await ask(hello(true));
    expect(service.stats.requests).toBe(3);
  });
});

describe('budgets', () => {
  it('are charged the share that is configured, and refuse what they can not bear', async () => {
    const { service, gateway, ask } = await setUp({
      ai: {
        cache: { charge: '50%' },
        budgets: [{ name: 'tokens', scope: 'consumer', tokens: 100, per: '1d' }],
        reserve: { output: 20 },
      },
    });
    const first = await ask();
    const line = await lineOf(gateway, first);
    const once = Number(line.tokens_in) + Number(line.tokens_out);
    await eventually(async () => (await gateway.metric('gateway_budget_used_ratio')) === once / 100);

    await ask();

    const both = once + Math.ceil(once / 2);
    await eventually(async () => (await gateway.metric('gateway_budget_used_ratio')) === both / 100);
    for (let left = 100 - both; left >= Math.ceil(once / 2); left -= Math.ceil(once / 2)) await ask();
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(service.stats.requests).toBe(1);
    // It was not given, and nothing is saved by it.
    const refusal = await lineOf(gateway, refused);
    expect(refusal).toMatchObject({ reason: 'budget_spent', outcome: 'not_asked' });
    for (const field of ['usd', 'saved_usd', 'usage_source', 'provider'])
      expect(refusal).not.toHaveProperty(field);
    const { items } = (await admin(gateway, '/api/usage?by=outcome')).body;
    expect(items).toMatchObject([{ by: { outcome: 'complete' } }]);
  });
});

describe('purging', () => {
  it('forgets by model and by consumer, in memory and in the store', async () => {
    for (const store of ['memory', 'shared']) {
      const { ask, gateway } = await setUp({ ai: { cache: { store } } });
      const purge = (selection: object) => admin(gateway, '/api/cache/purge', { body: selection });
      const kept = () => eventually(async () => how(await ask()) === 'hit');
      await kept();

      expect((await purge({ route: 'ai', tag: 'model:other' })).body).toEqual({ purged: 0 });
      expect((await purge({ route: 'ai', tag: 'consumer:app' })).body).toEqual({ purged: 1 });
      expect(how(await ask())).toBe('miss');
      await kept();
      expect((await purge({ tag: 'model:smart' })).body).toEqual({ purged: 1 });
      expect(how(await ask())).toBe('miss');
    }
  });
});

describe('guards', () => {
  it('see an answer from the cache too: each caller gets its own data back', async () => {
    const { service, ask } = await setUp({
      ai: CACHE,
      policies: [{ redact: { kinds: ['email'] } }],
    });
    const mine = (address: string, stream = false) => ({
      model: 'smart',
      stream,
      messages: [{ role: 'user', content: `Repeat: ${address}` }],
    });

    const first = await ask(mine('ada@example.org'));
    const second = await ask(mine('bob@example.org'));
    const streamed = await ask(mine('eve@example.org', true));

    expect([how(first), how(second), how(streamed)]).toEqual(['miss', 'hit', 'hit']);
    expect(service.stats.requests).toBe(1);
    for (const answer of [second, streamed]) expect(answer.body.toString()).not.toContain('ada@example.org');
    expect(streamed.headers['content-type']).toMatch('text/event-stream');
    const events = streamed.body.toString();
    expect(events).toMatch(/^data: /);
    expect(events).toMatch(/data: \[DONE\]\n\n$/);
    expect(events).toContain('eve@example.org');
  });
});

describe('a like question', () => {
  const SEMANTIC = {
    ai: { cache: { semantic: { model: 'vectors', threshold: 0.7, timeout: '1m' } } },
    models: {
      vectors: {
        targets: [{ provider: 'p0', model: 'text-embedding-3-small' }],
        cache: { enabled: false },
      },
    },
    prices: { 'p0/text-embedding-3-small': { input: 1, output: 0 } },
  };
  const question = (content: string, rest: object = {}) => ({
    model: 'smart',
    messages: [{ role: 'user', content }],
    ...rest,
  });
  const ASKED = 'How do I reset the password of my account today please';
  const LIKE = 'How do I reset the password of my account please';

  it('gets the same answer, and its vector is in the books', async () => {
    const { service, gateway, ask } = await setUp(SEMANTIC);
    const first = await ask(question(ASKED));
    const before = service.stats.requests;

    const like = await ask(question(LIKE));
    const other = await ask(question('Which planets have rings'));

    expect([how(first), how(like), how(other)]).toEqual(['miss', 'semantic', 'miss']);
    expect(said(like)).toBe(said(first));
    expect(before).toBe(2);
    // One for its vector; of the other two.
    expect(service.stats.requests).toBe(before + 3);
    const vectors = gateway.lines.filter(({ purpose }) => purpose === 'cache');
    expect(vectors).toHaveLength(3);
    expect(vectors[0]).toMatchObject({
      consumer: 'app',
      model: 'vectors',
      operation: 'embeddings',
      caused_by: first.headers['x-request-id'],
    });
    expect(Number(vectors[0]?.usd)).toBeGreaterThan(0);
    // They are nobody's requests.
    expect(await gateway.metric('gateway_requests_total', { route: 'ai' })).toBe(3);
  });

  it('must be like in all else: what was said before, the tools, the numbers in it', async () => {
    const { ask } = await setUp(SEMANTIC);
    await ask(question(`${ASKED} 12`));

    expect(how(await ask(question(`${LIKE} 12`, { temperature: 0 })))).toBe('miss');
    expect(how(await ask(question(`${LIKE} 13`)))).toBe('miss');
    expect(how(await ask(question(`${LIKE} 12`)))).toBe('semantic');
  });

  it('is asked of the model where nobody makes vectors', async () => {
    const { service, gateway, ask } = await setUp(SEMANTIC);
    service.faults.set({ status: { value: 503, pathPrefix: '/v1/embeddings' } });

    const answer = await ask(question(ASKED));

    expect(answer.status).toBe(200);
    expect(how(answer)).toBe('miss');
    expect(await gateway.metric('gateway_policy_degraded_total', { policy: 'ai-cache' })).toBe(1);
  });
});
