import { openStore } from '../../src/stores/index.ts';

/**
 * A process that shares a store file with others: 200 calls at once want a budget of 100, each settles what it was
 * granted, and the number of grants is printed.
 */
const [url = '', name = ''] = process.argv.slice(2);
const store = await openStore(url);
const budget = { key: 'shared', amount: 1, endsAt: 4_000_000_000_000 };
const grants = await Promise.all(
  Array.from({ length: 200 }, async (_, i) => {
    const id = `${name}-${i}`;
    // Spread over turns of the event loop, so that the processes meet in the middle.
    for (let turn = 0; turn < i % 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    const { refused } = await store.budgets.reserve(id, [{ ...budget, limit: 100 }], 60_000);
    if (refused >= 0) return 0;
    await store.budgets.settle(id, [budget]);
    return 1;
  }),
);
process.stdout.write(String(grants.reduce<number>((sum, grant) => sum + grant, 0)));
await store.close();
