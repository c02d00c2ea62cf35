import { expect, it } from 'vitest';
import { type Counters, StoreUnavailable } from '../../../src/contracts/store.ts';
import { ToolLimits } from '../../../src/mcp/access/tool-limits.ts';
import { MemoryCounters } from '../../../src/stores/memory/counters.ts';

it('a call that the money refuses is taken from nothing else', async () => {
  const time = { now: 0 };
  const hour = 3_600_000;
  const limits = new ToolLimits(
    'shop',
    {
      buy: {
        usd: 0.4,
        rateLimit: { limit: 3, window: hour, per: 'tool' },
        budget: { calls: 5, usd: 1, per: hour, onStoreDown: 'allow' },
      },
    },
    new MemoryCounters({ now: () => time.now }),
    () => undefined,
  );
  const buy = (who: string): Promise<string> =>
    limits.take('buy', who).then(
      () => 'taken',
      (error) => error.code,
    );
  expect([await buy('ada'), await buy('ada')]).toEqual(['taken', 'taken']);
  for (let at = 0; at < 5; at++) expect(await buy('ada')).toBe('budget_spent');
  // The third of the three is there for somebody else, and the fourth for nobody.
  expect(await buy('bob')).toBe('taken');
  expect(await buy('cyd')).toBe('rate_limited');
});

it('while the store is away a budget does what it says, and a rate limit lets pass, loudly', async () => {
  const warned: Error[] = [];
  const take = () => Promise.reject(new StoreUnavailable('it is away'));
  const hour = 3_600_000;
  const budget = { calls: 5, per: hour };
  const limits = new ToolLimits(
    'shop',
    {
      often: { usd: 0, rateLimit: { limit: 3, window: hour, per: 'tool' } },
      cheap: { usd: 0, budget: { ...budget, onStoreDown: 'allow' } },
      dear: { usd: 0, budget: { ...budget, onStoreDown: 'deny' } },
    },
    { take } as unknown as Counters,
    (error) => warned.push(error),
  );
  await limits.take('often', 'ada');
  await limits.take('cheap', 'ada');
  expect(warned).toHaveLength(2);
  await expect(limits.take('dear', 'ada')).rejects.toThrow('it is away');
});
