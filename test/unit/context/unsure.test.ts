// What the store did not say that it has is sent again within seconds; who says the same minutes later means it twice.
import { expect, it } from 'vitest';
import { Unsure } from '../../../src/context/unsure.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';

/** "Yes" is said; what comes back is the id that it has. */
function saying() {
  let now = 1;
  const unsure = new Unsure(() => now);
  let ids = 0;
  const says = (isHeard: boolean): Promise<string> =>
    unsure.once(
      'Yes.',
      () => `${++ids}`,
      async (id) => {
        if (!isHeard) throw new StoreUnavailable('no replica has it');
        return id;
      },
    );
  const pass = (ms: number): void => {
    now += ms;
  };
  return { says, pass };
}

it('what is said again within seconds is the same, however often it takes', async () => {
  const { says, pass } = saying();
  for (let tries = 0; tries < 3; tries++) {
    await expect(says(false)).rejects.toThrow(StoreUnavailable);
    pass(30_000);
  }
  expect(await says(true)).toBe('1');
  expect(await says(true)).toBe('2');
});

it('what is said again five minutes later is said twice', async () => {
  const { says, pass } = saying();
  await expect(says(false)).rejects.toThrow(StoreUnavailable);
  pass(300_000);
  expect(await says(true)).toBe('2');
});
