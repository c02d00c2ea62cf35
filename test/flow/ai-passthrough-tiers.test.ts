// A tier is asked for and given in a body, in a header or as a number: what a call in a provider's own words costs goes by
// it all the same.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, lineOf, rawProvider } from '../helpers/ai.ts';

const AMAZON = 'x-amzn-bedrock-service-tier';
const VERTEX = 'x-vertex-ai-llm-shared-request-type';
const INVOKE = '/p0/model/m/invoke';
const CONVERSE = '/p0/model/m/converse';
const OF_VERTEX = '/p1/publishers/google/models/m:generateContent';
const OF_GEMINI = '/p2/models/m:generateContent';

/** What a million tokens cost, and their tiers. */
const PRICE = { input: 1, output: 0, tiers: { priority: 2, flex: 0.5 } };
const prices = { 'p0/m': PRICE, 'p1/m': PRICE, 'p2/m': PRICE };

/** Providers that answer what a client's header says. */
async function obeying(more = {}) {
  const provider = await rawProvider((response, { headers }) => {
    const { head, body } = JSON.parse(String(headers['x-answer'])) as { head: object; body: object };
    response.writeHead(200, { 'content-type': 'application/json', ...head }).end(JSON.stringify(body));
  });
  const open = { baseUrl: provider.url, passthrough: true };
  const kinds = ['bedrock', 'vertex', 'gemini'];
  const gateway = await aiGateway(
    kinds.map((kind) => ({ kind, ...open })),
    { prices, ...more },
  );
  const ask = (path: string, headers: object, body: object, head: object, answer: object) =>
    chat(
      gateway,
      body,
      { ...headers, 'x-answer': JSON.stringify({ head, body: answer }) },
      `/v1/providers${path}`,
    );
  return { gateway, ask, provider };
}

const invoked = (usage = {}) => ({ usage: { input_tokens: 1_000_000, output_tokens: 0, ...usage } });
const conversed = {
  output: { message: { content: [{ text: 'a' }] } },
  usage: { inputTokens: 1_000_000, outputTokens: 1 },
};
const generated = (usage = {}) => ({
  candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 1 }],
  usageMetadata: { promptTokenCount: 1_000_000, candidatesTokenCount: 1, ...usage },
});
const text = { messages: [], contents: [] };

it.each([
  ['Amazon, as asked', INVOKE, { [AMAZON]: 'priority' }, {}, {}, invoked(), 2],
  ['Amazon, as asked in capitals and twice', INVOKE, { [AMAZON]: 'flex, Priority' }, {}, {}, invoked(), 2],
  [
    'Amazon, whatever a body says',
    INVOKE,
    { [AMAZON]: 'priority' },
    { service_tier: 'flex' },
    {},
    invoked(),
    2,
  ],
  ['no discount that was only asked for', INVOKE, { [AMAZON]: 'flex' }, {}, {}, invoked(), 1],
  ['a discount that was given', INVOKE, { [AMAZON]: 'flex' }, {}, { [AMAZON]: 'flex' }, invoked(), 0.5],
  ['asked for and not given', INVOKE, { [AMAZON]: 'priority' }, {}, { [AMAZON]: 'default' }, invoked(), 1],
  [
    'given, whatever the model says in its body',
    INVOKE,
    {},
    {},
    { [AMAZON]: 'priority' },
    invoked({ service_tier: 'standard', cache_read_input_tokens: 0 }),
    2,
  ],
  ['Converse, in its body', CONVERSE, {}, { serviceTier: { type: 'priority' } }, {}, conversed, 2],
  [
    'Vertex, a number that nobody knows',
    OF_VERTEX,
    { [VERTEX]: 'priority' },
    {},
    {},
    generated({ trafficType: 3 }),
    2,
  ],
  [
    'Vertex, the number of the usual one',
    OF_VERTEX,
    { [VERTEX]: 'priority' },
    {},
    {},
    generated({ trafficType: 1 }),
    1,
  ],
  [
    'Vertex, in words',
    OF_VERTEX,
    { [VERTEX]: 'flex' },
    {},
    {},
    generated({ trafficType: 'ON_DEMAND_FLEX' }),
    0.5,
  ],
  [
    'Vertex, no discount by a number',
    OF_VERTEX,
    { [VERTEX]: 'flex' },
    {},
    {},
    generated({ trafficType: 4 }),
    1,
  ],
  ['Gemini, a number', OF_GEMINI, {}, { serviceTier: 'priority' }, {}, generated({ serviceTier: 3 }), 2],
  ['Gemini, asked by a number', OF_GEMINI, {}, { serviceTier: 3 }, {}, generated(), 2],
  [
    'Gemini, asked by a number and not given',
    OF_GEMINI,
    {},
    { serviceTier: 3 },
    { 'x-gemini-service-tier': 'standard' },
    generated({ serviceTier: 1 }),
    1,
  ],
  ['nobody says anything of one', INVOKE, {}, {}, {}, invoked(), 1],
])('%s', async (_what, path, headers, body, head, answer, usd) => {
  const { gateway, ask } = await obeying();
  const came = await ask(`${path}?$alt=json;enum-encoding=int`, headers, { ...text, ...body }, head, answer);
  const line = await lineOf(gateway, came);
  expect(line).toMatchObject({ status: 200, usage_source: 'reported' });
  expect(line.usd).toBeCloseTo(usd, 9);
});

it('what is asked for by a header is reserved', async () => {
  const { ask, provider } = await obeying({
    prices: { 'p0/m': { ...PRICE, output: 1 } },
    ai: { reserve: { output: 1_000_000 }, budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd: 1.5 }] },
  });
  const nothing = { usage: { input_tokens: 1, output_tokens: 0 } };
  const refused = await ask(INVOKE, { [AMAZON]: 'priority' }, text, {}, nothing);
  expect(refused.status).toBe(429);
  expect(errorOf(refused)).toMatchObject({ code: 'insufficient_quota' });
  expect(provider.taken).toHaveLength(0);
  expect((await ask(INVOKE, { [AMAZON]: 'flex' }, text, {}, nothing)).status).toBe(200);
});

it('ends that come as numbers are known', async () => {
  const { gateway, ask } = await obeying();
  const usageMetadata = { promptTokenCount: 3 };
  const answers = [
    await ask(OF_GEMINI, {}, text, {}, { promptFeedback: { blockReason: 1 }, usageMetadata }),
    await ask(OF_GEMINI, {}, text, {}, { candidates: [{ finishReason: 3 }], usageMetadata }),
    await ask(OF_GEMINI, {}, text, {}, { candidates: [{ finishReason: 2 }], usageMetadata }),
  ];
  const lines = await Promise.all(answers.map((answer) => lineOf(gateway, answer)));
  expect(lines.map(({ finish_reason: reason }) => reason)).toEqual([
    'content_filter',
    'content_filter',
    'length',
  ]);
});
