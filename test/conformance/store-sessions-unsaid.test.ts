// A session that came to nothing leaves no trace; whatever says something of one keeps it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionRef } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { commitOptions, DAY, draft, newId, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('sessions without a turn on $name', ({ name, make }) => {
  let place: Place;
  let store: Store;
  let count = 0;
  const newRef = (): SessionRef => ({ tenant: `shop ${count++}`, session: 's1' });
  const { open, add } = speakerIn(() => store);

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const headOf = async (ref: SessionRef) => (await store.sessions.read(ref, { limit: 0 }))?.head;
  const listed = async ({ tenant }: SessionRef, owner?: string) =>
    (await store.sessions.list(tenant, { owner, limit: 10 })).sessions.map(({ session }) => session);
  /** Announces a turn that comes to nothing. */
  const comesToNothing = async (ref: SessionRef): Promise<void> => {
    const turn = newId();
    await open(ref, { turn, key: 'k', owner: 'u1', exclusive: true });
    await store.sessions.release(ref, turn, 'k');
  };

  it('it is gone with the reservation that began it, and the id begins a new one', async () => {
    const ref = newRef();
    await comesToNothing(ref);
    expect(await headOf(ref)).toBeUndefined();
    expect([await listed(ref), await listed(ref, 'u1')]).toEqual([[], []]);
    const again = await open(ref, { key: 'k', owner: 'u2' });
    expect(again).toMatchObject({ isNew: true, reset: '', pending: 0, head: { owner: 'u2' } });
    expect([await listed(ref), await listed(ref, 'u1'), await listed(ref, 'u2')]).toEqual([
      ['s1'],
      [],
      ['s1'],
    ]);
  });

  // The others find their sessions without an index beside them.
  if (name.startsWith('redis'))
    it('one that begins anew while its index forgets it stays listed', async () => {
      const ref = newRef();
      await comesToNothing(ref);
      await place.pass(5);
      const reading = vi.spyOn(store.sessions, 'read').mockImplementationOnce(async () => {
        await open(ref, { owner: 'u1' });
        return undefined;
      });
      expect(await listed(ref)).toEqual([]);
      reading.mockRestore();
      expect(await listed(ref)).toEqual(['s1']);
    });

  it('it stays for as long as somebody else is being answered, and with what comes of that', async () => {
    const ref = newRef();
    const turn = draft('one');
    const theirs = await open(ref, { turn: turn.id });
    const mine = newId();
    await open(ref, { turn: mine });
    await store.sessions.release(ref, mine, '');
    expect(await store.sessions.commit(ref, commitOptions(turn, theirs))).toMatchObject({ version: 1 });
    await comesToNothing(ref);
    expect(await headOf(ref)).toMatchObject({ version: 1, state: 'active' });
  });

  it('it stays where somebody else was announced before, whose lease has run out: they may come all the same', async () => {
    const ref = newRef();
    const turn = draft('one');
    const theirs = await open(ref, { turn: turn.id, key: 'k', owner: 'u1', leaseMs: 20 });
    await place.pass(40);
    await comesToNothing(ref);
    expect(await store.sessions.commit(ref, commitOptions(turn, theirs))).toMatchObject({ version: 1 });
  });

  it('it is gone with the last of several that were announced in it, once all are given back', async () => {
    const ref = newRef();
    const [one, other] = [newId(), newId()];
    await open(ref, { turn: one, owner: 'u1' });
    await open(ref, { turn: other, owner: 'u1', exclusive: true });
    await store.sessions.release(ref, one, '');
    expect(await headOf(ref)).toMatchObject({ version: 0, state: 'active' });
    await store.sessions.release(ref, other, '');
    expect([await headOf(ref), await listed(ref), await listed(ref, 'u1')]).toEqual([undefined, [], []]);
  });

  it('it is gone where the one whose lease had run out is given back, too', async () => {
    const ref = newRef();
    const slow = newId();
    await open(ref, { turn: slow, owner: 'u1', exclusive: true, leaseMs: 20 });
    await place.pass(40);
    await comesToNothing(ref);
    expect(await headOf(ref)).toMatchObject({ version: 0, state: 'active' });
    await store.sessions.release(ref, slow, '');
    expect(await headOf(ref)).toBeUndefined();
  });

  it('one that failed is a turn', async () => {
    const ref = newRef();
    await add(ref, draft('one', { status: 'failed' }));
    await comesToNothing(ref);
    expect(await headOf(ref)).toMatchObject({ version: 1, state: 'active' });
  });

  it('it stays where its client has noted something on it', async () => {
    const ref = newRef();
    await store.sessions.create(ref, { owner: 'u1', metadata: '{}', ttlMs: DAY, maxAgeMs: 30 * DAY });
    await comesToNothing(ref);
    expect(await headOf(ref)).toMatchObject({ version: 0, state: 'active', metadata: '{}' });
    expect(await listed(ref, 'u1')).toEqual(['s1']);
  });

  it('that one was erased before is still told', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const before = (await headOf(ref))?.generation ?? 0;
    await store.sessions.erase(ref);
    await comesToNothing(ref);
    const again = await open(ref, { owner: 'u1' });
    expect(again).toMatchObject({ reset: 'erased' });
    expect(again.head.generation).toBeGreaterThan(before);
  });
});
