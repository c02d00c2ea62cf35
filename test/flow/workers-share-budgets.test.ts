// A budget is one, however many workers spend it, and whatever becomes of the one that was spending.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  type ChatAnswer,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  PROVIDER_KEY,
  rawProvider,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';

const LIMIT = 100;
const sha256 = createHash('sha256').update(CLIENT_KEY).digest('hex');

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
  const gateway = await gatewayProcess({
    server: { workers: 2, shed: { maxEventLoopDelay: '30s' } },
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }] as object,
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { p0: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: PROVIDER_KEY } },
      models: { smart: { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } },
      budgets: [{ name: 'calls', scope: 'consumer', requests: LIMIT, per: '1d' }],
    },
  });
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
