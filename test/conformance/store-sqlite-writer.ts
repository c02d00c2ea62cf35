import { openStore } from '../../src/stores/index.ts';

/**
 * A process to be killed: puts documents into the store that its argument names, two at a time so that commits are
 * shared, and prints each id when it is acknowledged.
 */
const store = await openStore(process.argv[2] ?? '');
for (let at = 0; ; at += 2) {
  await Promise.all(
    [at, at + 1].map(async (n) => {
      const id = String(n).padStart(8, '0');
      const result = await store.documents.put('acknowledged', id, { n, filling: 'x'.repeat(500) });
      if (result.ok) process.stdout.write(`${id}\n`);
    }),
  );
}
