// A share of what a model is asked is put to a candidate too: both answers stand side by side, and the real one never
// waits for, fails with or pays for the other.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, asAnthropic, chat, hello, lineOf, modelService, rawProvider } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';

const json = { 'content-type': 'application/json' };
const completion = (content: string) => ({
  id: 'c',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
});
const PRICES = { 'p0/gpt-4o-mini': { input: 1, output: 2 }, 'p1/gpt-4o-mini': { input: 10, output: 20 } };
const shadowing = (shadow: object = {}) => ({
  smart: {
    targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
    shadow: { model: 'backup-1', share: '100%', ...shadow },
  },
});

type Tagged = { by: { tag: string }; calls: number };

const pairsOf = (gateway: TestGateway, count: number) =>
  eventually(async () => {
    const { body } = await admin(gateway, '/api/shadows?model=smart');
    return body.items.length === count && body;
  });

it('both answers are kept with their outcome, time and cost, and how alike they are', async () => {
  const real = await modelService();
  const candidate = await rawProvider((response) =>
    response.writeHead(200, json).end(JSON.stringify(completion('Hello! Can I help you?'))),
  );
  const gateway = await aiGateway([real, candidate], {
    models: shadowing(),
    prices: PRICES,
    consumer: { budget: { requests: 2, per: '1d' } },
  });

  const whole = await chat(gateway, hello());
  await pairsOf(gateway, 1);
  const stream = await chat(gateway, hello(true));

  const { items, summary } = await pairsOf(gateway, 2);
  // The consumer's budget of two calls was enough: the candidate has none of it.
  expect([whole.status, stream.status]).toEqual([200, 200]);
  expect(items[0]).toMatchObject({
    requestId: stream.headers['x-request-id'],
    consumer: 'app',
    real: { provider: 'p0', outcome: 'complete', text: 'Hello! How can I help you today?' },
    shadow: { model: 'backup-1', provider: 'p1', outcome: 'complete', text: 'Hello! Can I help you?' },
    comparison: { isSameText: false, isSameFinish: true },
  });
  expect(items[0].comparison.likeness).toBeCloseTo(10 / 12, 6);
  expect(items[0].shadow.usd).toBeCloseTo(0.0002, 9);
  expect(summary).toMatchObject({ pairs: 2, sameText: 0, real: { complete: 1 }, shadow: { complete: 1 } });
  // It was asked for a whole answer, as its own model.
  expect(JSON.parse(String(candidate.taken[1]?.body))).toEqual({
    model: 'gpt-4o-mini',
    messages: hello().messages,
  });
  expect(gateway.lines.filter(({ purpose }) => purpose === 'shadow')).toHaveLength(2);
  expect(await gateway.metric('gateway_requests_total', { route: 'ai' })).toBe(2);
  const { items: tagged } = (await admin(gateway, '/api/usage?by=tag')).body;
  expect(tagged).toMatchObject([
    { by: { tag: 'shadow' }, calls: 2 },
    { by: { tag: '' }, calls: 2 },
  ]);
});

it('a candidate that hangs or fails delays and fails nothing, and no more than so many are asked at once', async () => {
  const real = await modelService();
  const candidate = await rawProvider((response, { body }) => {
    if (String(body).includes('fail')) response.writeHead(500, json).end('{"error":{"message":"no"}}');
  });
  const gateway = await aiGateway([real, candidate], { models: shadowing({ maxInFlight: 1, texts: false }) });
  const failing = { ...hello(), messages: [{ role: 'user', content: 'please fail' }] };

  expect((await chat(gateway, failing)).status).toBe(200);
  const { items } = await pairsOf(gateway, 1);
  expect(items[0]).toMatchObject({
    real: { outcome: 'complete', text: '' },
    shadow: { outcome: 'upstream_5xx', text: '' },
    comparison: { likeness: 0, isSameText: false },
  });

  for (let i = 0; i < 3; i++) await lineOf(gateway, await chat(gateway, hello()));
  await eventually(() => candidate.taken.length === 2);
  expect(await gateway.metric('gateway_ai_shadow_total', { outcome: 'dropped_busy' })).toBe(2);
});

it('a model that is reached by a route is shadowed under its own name', async () => {
  const gateway = await aiGateway([await modelService(), await modelService()], {
    models: {
      ...shadowing(),
      routed: {
        targets: [{ provider: 'p1', model: 'gpt-4o-mini' }],
        routes: [{ when: { header: { 'x-plan': 'gold' } }, model: 'smart' }],
      },
    },
  });

  await chat(gateway, { ...hello(), model: 'routed' }, { 'x-plan': 'gold' });

  const { items } = await pairsOf(gateway, 1);
  expect(items[0].real).toMatchObject({ model: 'smart', provider: 'p0' });
  expect(await gateway.metric('gateway_ai_shadow_total', { model: 'smart', outcome: 'same' })).toBe(1);
});

const ONCE = { requests: 1, per: '1d' };

it.each([
  ['its own budget', { budget: ONCE }, []],
  ['a budget of its own model', {}, [{ name: 'dear', scope: 'model', match: ['backup-1'], ...ONCE }]],
])('%s ends it, and the real calls go on', async (_, shadow, budgets) => {
  const services = [await modelService('real'), await modelService('candidate')];
  const models = shadowing({ ...shadow, maxInFlight: 10 });
  const gateway = await aiGateway(services, { models, ai: { budgets } });

  for (let i = 1; i <= 3; i++) {
    expect((await chat(gateway, hello())).status).toBe(200);
    await pairsOf(gateway, i);
  }

  expect(services.map(({ stats }) => stats.requests)).toEqual([3, 1]);
  const { items } = await pairsOf(gateway, 3);
  expect(items[0].shadow).toMatchObject({ outcome: 'not_asked', reason: 'budget_spent' });
});

it('what a fallback said in its stead is no answer of the model, and is put to no candidate', async () => {
  let isDown = true;
  const real = await rawProvider((response) => {
    if (isDown) response.writeHead(503, json).end('{}');
    else response.writeHead(200, json).end(JSON.stringify(completion('Mine.')));
  });
  const candidate = await modelService('candidate');
  const gateway = await aiGateway([real, candidate, await modelService('other')], {
    models: { smart: { ...shadowing().smart, fallback: ['backup-2'] } },
  });

  const fallen = await chat(gateway, hello());
  await lineOf(gateway, fallen);
  isDown = false;
  const own = await chat(gateway, hello());

  expect([fallen.status, own.status]).toEqual([200, 200]);
  const { items } = await pairsOf(gateway, 1);
  expect(items[0]).toMatchObject({ requestId: own.headers['x-request-id'], real: { text: 'Mine.' } });
  expect(candidate.stats.requests).toBe(1);
});

it('what was said is shown to who has the right `content` alone, and who has read it is known', async () => {
  const [viewer, reviewer] = ['token-of-a-viewer', 'token-of-a-reviewer'];
  const tokens = [
    { name: 'viewer', token: viewer, rights: ['read'] },
    { name: 'reviewer', token: reviewer, rights: ['read', 'content'] },
  ];
  const services = [await modelService('real'), await modelService('candidate')];
  const gateway = await aiGateway(services, { models: shadowing(), admin: { tokens } });
  expect((await chat(gateway, hello())).status).toBe(200);
  const read = async (token: string) => (await admin(gateway, '/api/shadows?model=smart', { token })).body;

  const seen = await eventually(async () => {
    const body = await read(viewer);
    return body.items.length === 1 && body;
  });
  expect(seen.items[0]).toMatchObject({
    real: { text: '' },
    shadow: { text: '' },
    comparison: { likeness: 1 },
  });
  const { items } = await read(reviewer);
  expect(items[0].real.text).toBe('Hello! How can I help you today?');
  expect((await admin(gateway, '/api/audit', { token: viewer })).body.items).toMatchObject([
    { by: 'reviewer', action: 'getShadows', details: { model: 'smart' } },
  ]);
});

it('of a conversation, which can be sealed and erased, only figures are kept; and where a client wants nothing kept', async () => {
  const services = [await modelService('real'), await modelService('candidate')];
  const gateway = await aiGateway(services, { models: shadowing(), context: { enabled: true } });
  const calls = [
    await chat(gateway, hello(), { 'x-session-id': 's1' }),
    await chat(gateway, { ...hello(), store: false }),
    await chat(gateway, hello()),
  ];
  expect(calls.map(({ status }) => status)).toEqual([200, 200, 200]);

  const { items } = await pairsOf(gateway, 3);

  const textsOf = ({ headers }: (typeof calls)[number]) => {
    const pair = items.find(({ requestId }: { requestId: string }) => requestId === headers['x-request-id']);
    return [pair.real.text, pair.shadow.text, pair.comparison.isSameText];
  };
  const text = 'Hello! How can I help you today?';
  expect(calls.map(textsOf)).toEqual([
    ['', '', true],
    ['', '', true],
    [text, text, true],
  ]);
});

it('a candidate is asked as the client asked: by its version of the API, and in its session', async () => {
  const message = { type: 'message', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' };
  const claude = () => rawProvider((response) => response.writeHead(200, json).end(JSON.stringify(message)));
  const [real, one, other] = [await claude(), await claude(), await claude()];
  const targets = ['p1', 'p2'].map((provider) => ({ provider, model: 'claude-haiku-4-5' }));
  const gateway = await aiGateway([real, one, other].map(asAnthropic), {
    models: { ...shadowing({ model: 'next' }), next: { targets, sticky: 'session' } },
  });
  const beta = { 'anthropic-beta': 'context-1m-2025-08-07' };
  const ask = (session: string) =>
    chat(gateway, { ...hello(), max_tokens: 5 }, { ...beta, 'x-session-id': session }, '/v1/messages');

  for (let at = 1; at <= 12; at++) {
    await ask(`s${at}`);
    await pairsOf(gateway, at);
  }

  for (const { headers } of [...one.taken, ...other.taken]) expect(headers).toMatchObject(beta);
  // Its target goes by the session: by the consumer alone all would be one's.
  expect([one.taken.length > 0, other.taken.length > 0]).toEqual([true, true]);
  const asked = await gateway.accessLine(({ purpose }) => purpose === 'shadow');
  expect(asked).toMatchObject({ model: 'next', status: 200 });
});

it('a candidate’s call has the tags of the real one, which Anthropic is not sent', async () => {
  const message = { type: 'message', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' };
  const claude = () => rawProvider((response) => response.writeHead(200, json).end(JSON.stringify(message)));
  const services = [await claude(), await claude()];
  const gateway = await aiGateway(services.map(asAnthropic), { models: shadowing() });

  await chat(gateway, { ...hello(), max_tokens: 5, metadata: { tags: ['beta'] } }, {}, '/v1/messages');
  await pairsOf(gateway, 1);

  for (const { taken } of services) expect(String(taken[0]?.body)).not.toContain('beta');
  const tagged = await eventually(async () => {
    const { items } = (await admin(gateway, '/api/usage?by=tag')).body;
    return items.length > 1 && items;
  });
  expect(new Map(tagged.map(({ by, calls }: Tagged) => [by.tag, calls]))).toEqual(
    new Map([
      ['beta', 2],
      ['shadow', 1],
    ]),
  );
});

it('what rules say, or a conversation gives again, and what a prompt had to ask for twice, is put to no candidate', async () => {
  let isDown = false;
  let says = 'no JSON';
  const real = await rawProvider((response) => {
    if (isDown) return void response.writeHead(503, json).end('{}');
    response.writeHead(200, json).end(JSON.stringify(completion(says)));
    says = '{"usd":5}';
  });
  const candidate = await modelService('candidate');
  const { smart } = shadowing();
  const gateway = await aiGateway([real, candidate], {
    context: { enabled: true },
    models: { smart: { ...smart, fallback: ['written'] }, written: { rules: [{ reply: 'Later.' }] } },
    ai: {
      prompts: {
        price: {
          model: 'smart',
          version: 1,
          versions: { 1: { messages: [{ role: 'user', content: 'Price of {{item}}?' }] } },
          output: { type: 'object', required: ['usd'] },
        },
      },
    },
  });
  const once = { 'x-session-id': 's1', 'idempotency-key': 'k1' };

  const repaired = await chat(gateway, { item: 'tea' }, {}, '/v1/prompts/price');
  isDown = true;
  const written = await chat(gateway, hello());
  isDown = false;
  const first = await chat(gateway, hello(), once);
  const again = await chat(gateway, hello(), once);

  expect([repaired, written, first, again].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(again.headers['x-context-status']).toBe('replay');
  for (const answer of [repaired, written, first, again]) await lineOf(gateway, answer);
  const { items } = await pairsOf(gateway, 1);
  expect(items[0].requestId).toBe(first.headers['x-request-id']);
  expect(candidate.stats.requests).toBe(1);
});
