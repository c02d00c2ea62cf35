import { expect, it } from 'vitest';
import { fuzz } from '../../bench/fuzz/slice.ts';

// The same bytes each time; `npm run fuzz -- --seed …` sends others, and as many as wanted.
it('3,000 fuzzed requests, HTTP/1.1 and HTTP/2, through policies, cache, transforms and models: no crash, no hang, no 5xx', async () => {
  const { sent, recorded, faults } = await fuzz({ requests: 3_000, seed: 'test' });
  expect(faults).toEqual([]);
  expect(sent).toBeGreaterThanOrEqual(3_000);
  expect(recorded, 'not all of them stand behind something broken').toBeGreaterThan(1_000);
}, 90_000);
