// What is left to spend is shown to operators: of whom, in which window, with what calls hold that still run.
import { expect, it, vi } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { aiGateway, chat, hello, rawProvider } from '../helpers/ai.ts';

const ANSWER = JSON.stringify({
  choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 50 },
});
const budgets = [
  { name: 'calls', scope: 'consumer', requests: 4, per: '1d', soft: '50%' },
  { name: 'people', scope: 'user', tokens: 360, per: '1h' },
  { name: 'dear', scope: 'model', match: ['smart'], usd: 5, per: 'month' },
];
/** Milliseconds: a busy machine has many in one turn. */
const PATIENT = 10_000;
const prices = { 'p0/gpt-4o-mini': { input: 1000, output: 1000 } };

it('each budget stands there with what was spent and what running calls hold, the fullest first', async () => {
  let release = (): void => undefined;
  const upstream = await rawProvider((response, { body }) => {
    const end = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);
    if (body.includes('hold on')) release = end;
    else end();
  });
  const gateway = await aiGateway([upstream], { prices, ai: { budgets, reserve: { output: 50 } } });
  const standings = async (query = '') => (await admin(gateway, `/api/budgets${query}`)).body.items;
  const [first] = await standings();
  expect(first).toMatchObject({ spent: 0, held: 0, level: 'ok' });

  for (const user of ['ann', 'ann']) await chat(gateway, { ...hello(), user });
  await vi.waitFor(async () => {
    expect(await standings()).toMatchObject([
      { budget: 'calls', scope: 'consumer', unit: 'requests', limit: 4, spent: 2, held: 0, level: 'soft' },
      { budget: 'dear', scope: 'model', subject: 'smart', unit: 'usd', limit: 5, spent: 0.3, held: 0 },
    ]);
  }, PATIENT);
  const [calls, dear] = await standings();
  expect(calls.to - calls.from).toBe(86_400_000);
  expect(new Date(dear.from).getUTCDate()).toBe(1);

  // One of them has an address.
  expect(await standings('?budget=dear&scope=model&subject=smart')).toEqual([dear]);
  for (const other of ['budget=gone', 'scope=key', 'budget=dear&subject=other'])
    expect(await standings(`?${other}`)).toEqual([]);

  // People are in no list: who asks for one names them.
  const { subject: consumer } = calls;
  const [person] = await standings(`?consumer=${consumer}&user=ann&limit=1`);
  expect(person).toMatchObject({
    budget: 'people',
    subject: `${consumer}/ann`,
    limit: 360,
    spent: 300,
    level: 'soft',
  });

  const held = chat(gateway, { ...hello(), messages: [{ role: 'user', content: 'hold on' }] });
  await vi.waitFor(async () => expect((await standings())[0]).toMatchObject({ spent: 2, held: 1 }), PATIENT);
  release();
  await held;
  await vi.waitFor(async () => expect((await standings())[0]).toMatchObject({ spent: 3, held: 0 }), PATIENT);
});

it('a page that can’t be is refused', async () => {
  const gateway = await aiGateway([await rawProvider((response) => response.end(ANSWER))], {
    ai: { budgets },
  });
  expectProblem(await admin(gateway, '/api/budgets?after=x'), 400, 'request_invalid');
  expect((await admin(gateway, '/api/budgets?limit=1')).body).toMatchObject({ items: [{}], next: '1' });
});
