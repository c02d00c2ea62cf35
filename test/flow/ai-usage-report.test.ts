// Every call to a model is in the books, and they can be read: by whom, what for, what it cost, and whether the invoice agrees.
import { expect, it } from 'vitest';
import { admin, expectProblem } from '../helpers/admin.ts';
import { aiGateway, chat, hello, rawProvider } from '../helpers/ai.ts';

const usage = {
  prompt_tokens: 1_000,
  completion_tokens: 100,
  prompt_tokens_details: { cached_tokens: 400, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 60 },
};
const provider = () =>
  rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }], usage })),
  );
const prices = { 'p0/gpt-4o-mini': { input: 10, output: 100, cachedInput: 1 } };
const USD = (600 * 10 + 400 * 1 + 100 * 100) / 1e6;

it('usage by model, by user and tag, page by page and as CSV', async () => {
  const gateway = await aiGateway([await provider()], { prices, ai: { ledger: { users: 'plain' } } });
  for (const user of ['ann', 'ann', '=cmd()'])
    await chat(gateway, { ...hello(), user }, { 'x-gateway-tags': 'search, beta' });
  await chat(gateway, hello());

  const byModel = (await admin(gateway, '/api/usage')).body;
  expect(byModel.items).toEqual([
    {
      by: { model: 'smart' },
      calls: 4,
      estimated: 0,
      unpriced: 0,
      input: 4_000,
      output: 400,
      cached: 1_600,
      cacheWrite: 0,
      reasoning: 240,
      audio: 0,
      image: 0,
      usd: expect.closeTo(4 * USD, 9),
      fromCache: 0,
      savedUsd: 0,
    },
  ]);
  expect(byModel.total.calls).toBe(4);

  const seen: unknown[] = [];
  for (let after = '0'; after; ) {
    const page = (await admin(gateway, `/api/usage?by=user,tag&limit=2&after=${after}`)).body;
    seen.push(...page.items.map((item: { by: object; calls: number }) => [item.by, item.calls]));
    after = page.next;
  }
  expect(seen).toEqual([
    [{ user: 'ann', tag: 'beta' }, 2],
    [{ user: 'ann', tag: 'search' }, 2],
    [{ user: '', tag: '' }, 1],
    [{ user: '=cmd()', tag: 'beta' }, 1],
    [{ user: '=cmd()', tag: 'search' }, 1],
  ]);

  const csv = await admin(gateway, '/api/usage.csv?by=user');
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
  const lines = String(csv.body).trimEnd().split('\r\n');
  expect(lines[0]).toBe(
    'user,calls,estimated,unpriced,input,output,cached,cacheWrite,reasoning,audio,image,usd,fromCache,savedUsd',
  );
  expect(lines[1]).toMatch(/^ann,2,0,0,2000,200,800,0,120,0,0,0\.03/);
  expect(lines.some((line) => line.startsWith("'=cmd(),1,"))).toBe(true);
});

it('a user stands in the books as a hash unless it is wanted otherwise', async () => {
  const gateway = await aiGateway([await provider()]);
  await chat(gateway, { ...hello(), user: 'ann@example.com' });

  const { items } = (await admin(gateway, '/api/usage?by=user')).body;

  expect(items[0].by.user).toMatch(/^[\w-]{22}$/);
});

it('an invoice that says more than the books do is found out', async () => {
  const gateway = await aiGateway([await provider()], { prices });
  await chat(gateway, hello());
  const today = new Date().toISOString().slice(0, 10);
  const csv = `day,model,tokens,usd\n${today},gpt-4o-mini,1100,${USD}\n${today},gpt-4o,500,3\n`;

  const { differences, unmatched } = (await admin(gateway, '/api/usage/reconcile', { body: { csv } })).body;

  expect(differences).toEqual([
    { day: today, model: 'gpt-4o', unit: 'tokens', ours: 0, theirs: 500, ratio: 1 },
    { day: today, model: 'gpt-4o', unit: 'usd', ours: 0, theirs: 3, ratio: 1 },
  ]);
  expect(unmatched).toEqual(['gpt-4o']);
  expectProblem(await admin(gateway, '/api/usage/reconcile', { body: { csv: 'x' } }), 400, 'body_invalid');
  expectProblem(await admin(gateway, '/api/usage?from=2026-11-02&to=2026-11-01'), 400, 'request_invalid');
  expectProblem(await admin(gateway, '/api/usage?by=password'), 400, 'request_invalid');
});
