import { expect, it, onTestFinished } from 'vitest';
import { MemoryBook } from '../../../src/hypercare/engine/memory-book.ts';
import { openStore } from '../../../src/stores/index.ts';

it('what was learnt is read as it was written; more than is kept is refused aloud, and what was there stays', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const book = new MemoryBook(store.documents);
  expect(await book.read()).toBe('');
  const long = 'learnt '.repeat(100_000);
  await book.write(long);
  expect(await book.read()).toBe(long);
  await expect(book.write('x'.repeat(40 * 1024 * 1024))).rejects.toThrow(RangeError);
  expect(await book.read()).toBe(long);
});
