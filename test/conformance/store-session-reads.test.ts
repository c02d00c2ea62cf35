// What is read of conversations without their turns: whose they are.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../src/contracts/store.ts';
import { commitOptions, draft, newId, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('sessions on $name', ({ make }) => {
  let place: Place;
  let store: Store;

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const { open } = speakerIn(() => store);

  it('one that is somebody else’s, or has not the turn that is meant, is not there', async () => {
    const { sessions } = store;
    const ref = { tenant: 'whose', session: 's1' };
    const one = draft('one');
    await sessions.commit(ref, commitOptions(one, await open(ref, { turn: one.id, owner: 'u1' })));
    const turns = async (owner?: string, turn?: string) =>
      (await sessions.read(ref, { owner, turn }))?.turns.map(({ id }) => id);
    expect([await turns(), await turns('u1'), await turns('u1', one.id)]).toEqual([
      [one.id],
      [one.id],
      [one.id],
    ]);
    expect([await turns(''), await turns('u2', one.id), await turns('u1', newId())]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await sessions.erase(ref);
    expect([await turns('u1', one.id), await turns('')]).toEqual([[], undefined]);
  });
});
