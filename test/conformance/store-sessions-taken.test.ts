import { expect, it, onTestFinished, vi } from 'vitest';
import { DAY, newId } from './session-drafts.ts';
import { places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const made = { owner: '', metadata: '', ttlMs: DAY, maxAgeMs: DAY };

it.each(
  places,
)('an id that is taken stays where it is in the list; in its next life it is the newest ($name)', async ({
  make,
}) => {
  const place = await make();
  onTestFinished(() => place.remove());
  const store = await place.open();
  const { sessions } = store;
  onTestFinished(() => store.close());
  const tenant = newId();
  const names = async () =>
    (await sessions.list(tenant, { limit: 10 })).sessions.map(({ session }) => session);
  const create = async (session: string, owner = '') => {
    await place.pass(5);
    return sessions.create({ tenant, session }, { ...made, owner });
  };
  expect([await create('one'), await create('two', 'ann')]).toEqual([true, true]);
  expect([await create('one'), await create('one', 'ann')]).toEqual([false, false]);
  expect(await names()).toEqual(['two', 'one']);
  expect((await sessions.list(tenant, { owner: 'ann', limit: 10 })).sessions).toMatchObject([
    { session: 'two' },
  ]);
  await sessions.erase({ tenant, session: 'one' });
  expect([await create('one', 'ann'), await names()]).toEqual([true, ['one', 'two']]);
});
