// What became of a conversation that has ended is told to whom it belonged: to all others its id is one that was never seen.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReserveOptions, SessionRef } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { commitOptions, draft, newId, reserveOptions, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WAYS = ['erased', 'ttl'] as const;
type Way = (typeof WAYS)[number];

/** Numbers that clocks make. */
const CLOCKS = new Set(['generation', 'createdAt', 'touchedAt']);
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (CLOCKS.has(key) ? undefined : each)));

describe.each(places)('sessions that have ended on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  let count = 0;
  const newRef = (): SessionRef => ({ tenant: `shop ${count++}`, session: 's1' });
  const { open } = speakerIn(() => store);

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const says = async (ref: SessionRef, owner: string, ttlMs?: number) => {
    const turn = draft('secret');
    const from = await open(ref, { turn: turn.id, owner });
    await store.sessions.commit(ref, commitOptions(turn, from, ttlMs === undefined ? {} : { ttlMs }));
    return from;
  };
  /** One of u1's. @returns what a turn was made from that is late */
  const ended = async (how: Way) => {
    const ref = newRef();
    const from = await says(ref, 'u1', how === 'ttl' ? 100 : undefined);
    if (how === 'ttl') await place.pass(150);
    else await store.sessions.erase(ref);
    return { ref, from };
  };
  const comesToNothing = async (ref: SessionRef, owner: string, seenVersion = 0): Promise<void> => {
    const turn = newId();
    const reset = seenVersion > 0 ? 'version_regressed' : '';
    expect(await open(ref, { turn, owner, key: 'k', seenVersion })).toMatchObject({ isNew: true, reset });
    await store.sessions.release(ref, turn, 'k');
  };

  it.each(WAYS)('its owner is told (%s), by whichever of their names', async (how) => {
    for (const names of [{ owner: 'u1' }, { owner: 'u1-today', formerOwners: ['u0', 'u1'] }])
      expect(await open((await ended(how)).ref, names)).toMatchObject({ isNew: true, reset: how });
  });

  it.each(WAYS)('whoever else names it (%s) is answered as for an id that was never seen', async (how) => {
    const asked: Partial<ReserveOptions>[] = [{}, { seenVersion: 1 }, { ifVersion: 1 }, { create: false }];
    for (const more of asked)
      for (const owner of ['u2', '']) {
        const { ref } = await ended(how);
        const never = newRef();
        for (const turn of [newId(), newId()]) {
          const options = reserveOptions(turn, { owner, ...more });
          expect([more, plain(await store.sessions.reserve(ref, options))]).toEqual([
            more,
            plain(await store.sessions.reserve(never, options)),
          ]);
        }
      }
  });

  it.each(WAYS)('a call of somebody else that comes to nothing leaves it (%s) as it was', async (how) => {
    const { ref, from } = await ended(how);
    for (const owner of ['u2', 'u3', '']) {
      await comesToNothing(ref, owner);
      await comesToNothing(ref, owner, 1);
    }
    const state = how === 'erased' ? 'erased' : 'expired';
    expect(await store.sessions.read(ref)).toMatchObject({ head: { owner: 'u1', state }, turns: [] });
    const listed = async (owner: string) =>
      (await store.sessions.list(ref.tenant, { owner, limit: 10 })).sessions.map(({ session }) => session);
    expect([await listed('u1'), await listed('u2')]).toEqual([['s1'], []]);
    expect(await store.sessions.commit(ref, commitOptions(draft('late'), from))).toEqual({ kind: 'gone' });
    expect(await open(ref, { owner: 'u1' })).toMatchObject({ isNew: true, reset: how });
  });

  it.each(
    WAYS,
  )('who says that turns of it (%s) are lost is told so until one comes to something', async (how) => {
    const { ref } = await ended(how);
    const lost = { reset: 'version_regressed', head: { version: 0 } };
    const [one, another] = [newId(), newId()];
    expect(await open(ref, { turn: one, owner: 'u2', seenVersion: 1 })).toMatchObject(lost);
    expect(await open(ref, { turn: another, owner: 'u2' })).toMatchObject({ isNew: false, ...lost });
    expect(await open(ref, { turn: another, owner: 'u2', seenVersion: 3 })).toMatchObject(lost);
    await store.sessions.release(ref, one, '');
    expect(await open(ref, { turn: another, owner: 'u2' })).toMatchObject({ isNew: false, ...lost });
    const turn = draft('mine');
    const from = await open(ref, { turn: turn.id, owner: 'u2' });
    expect(await store.sessions.commit(ref, commitOptions(turn, from))).toMatchObject({ version: 1 });
    expect(await open(ref, { owner: 'u2' })).toMatchObject({ isNew: false, reset: '' });
    await store.sessions.release(ref, another, '');
    expect(await open(ref, { owner: 'u2' })).toMatchObject({ isNew: false, head: { version: 1 } });
  });

  it('who has begun another there has the id from then on', async () => {
    const { ref, from } = await ended('erased');
    await says(ref, 'u2');
    expect((await store.sessions.reserve(ref, reserveOptions(newId(), { owner: 'u1' }))).kind).toBe(
      'unknown',
    );
    expect(await store.sessions.commit(ref, commitOptions(draft('late'), from))).toEqual({ kind: 'gone' });
    await store.sessions.erase(ref);
    expect(await open(ref, { owner: 'u1' })).toMatchObject({ isNew: true, reset: '' });
  });

  it('where nobody can tell any more whose it was all of its tenant are told', async () => {
    const ref = newRef();
    await says(ref, 'u1');
    expect(await store.sessions.erase(ref, undefined, true)).toBe(true);
    expect((await store.sessions.read(ref))?.head).toMatchObject({ owner: '', state: 'erased' });
    expect(await open(ref, { owner: 'u1-by-another-secret' })).toMatchObject({
      isNew: true,
      reset: 'erased',
    });
    expect(await open({ ...ref, tenant: 'another' })).toMatchObject({ isNew: true, reset: '' });
  });
});
