// What the gateway asks by itself for a call (a vector, a summary) is its user's as well: on their budget, and in the books
// under their name, so that nobody starves the others.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, errorOf, lineOf, modelService } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';

const usage = async (gateway: TestGateway): Promise<Record<string, string>[]> =>
  (await admin(gateway, '/api/usage?by=user,tag')).body.items.map(({ by }: { by: object }) => by);

it('one user’s like questions keep nobody else’s from being looked for', async () => {
  const gateway = await aiGateway([await modelService()], {
    ai: {
      cache: { semantic: { model: 'vectors' } },
      budgets: [{ name: 'each', scope: 'user', requests: 2, per: '1d' }],
      ledger: { users: 'plain' },
    },
    models: {
      vectors: {
        targets: [{ provider: 'p0', model: 'text-embedding-3-small' }],
        cache: { enabled: false },
      },
    },
  });
  const ask = async (user: string, content: string) => {
    const body = { model: 'smart', messages: [{ role: 'user', content }], user };
    const answer = await chat(gateway, body, { 'x-gateway-tags': 'beta' });
    await lineOf(gateway, answer);
    return answer;
  };

  const first = await ask('ann', 'How do I reset the password of my account');
  const second = await ask('ann', 'Which planets have rings');
  const others = await ask('bob', 'What is the capital of Peru');

  // A vector and an answer are all of two requests.
  expect([first.status, second.status, others.status]).toEqual([200, 429, 200]);
  expect(errorOf(second)).toMatchObject({ code: 'insufficient_quota' });
  const vectors = gateway.lines.filter(({ purpose }) => purpose === 'cache');
  expect(vectors.map(({ caused_by, status }) => [caused_by, status])).toEqual([
    [first.headers['x-request-id'], 200],
    [second.headers['x-request-id'], 429],
    [others.headers['x-request-id'], 200],
  ]);
  await eventually(async () => (await usage(gateway)).length === 4);
  expect(await usage(gateway)).toEqual(
    expect.arrayContaining(
      ['ann', 'bob'].flatMap((user) => [
        { user, tag: 'beta' },
        { user, tag: 'cache' },
      ]),
    ),
  );
});

it.each<[string, object[]]>([
  ['', []],
  [', where guards read it first', [{ redact: {} }]],
])('a summary is its user’s too%s', async (_, policies) => {
  const gateway = await aiGateway([await modelService()], {
    context: { enabled: true, compaction: { window: 1500, summarizer: 'scribe' } },
    models: { scribe: { targets: [{ provider: 'p0', model: 'gpt-4o' }] } },
    ai: { ledger: { users: 'plain' } },
    policies,
  } as object);
  for (let turn = 1; turn <= 25; turn++) {
    const content = `Tell me about topic ${turn}, please: ${'words of no weight '.repeat(8)}`;
    const body = { model: 'smart', max_tokens: 200, messages: [{ role: 'user', content }], user: 'ann' };
    await chat(gateway, body, { 'x-session-id': 'long' });
  }

  const line = await eventually(() => gateway.lines.find(({ purpose }) => purpose === 'context'));
  expect(line).toMatchObject({ model: 'scribe', status: 200 });
  await eventually(async () => (await usage(gateway)).some(({ tag }) => tag === 'context'));
  expect(await usage(gateway)).toContainEqual({ user: 'ann', tag: 'context' });
});
