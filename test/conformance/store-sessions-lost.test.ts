// A store that has lost what it had acknowledged says so, until a turn comes to something.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionRef } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { commitOptions, draft, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('lost turns on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  let count = 0;
  const newRef = (): SessionRef => ({ tenant: 'shop', session: `s${count++}` });
  const { open, add } = speakerIn(() => store);

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  it('a store that knows of less than the client saw says so and keeps what it has', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    expect(await open(ref, { seenVersion: 1 })).toMatchObject({ reset: '' });
    expect(await open(ref, { seenVersion: 3 })).toMatchObject({
      reset: 'version_regressed',
      head: { version: 1 },
    });
    // It knows nothing at all of this one.
    const lost = { isNew: true, reset: 'version_regressed', head: { version: 0 } };
    expect(await open(newRef(), { seenVersion: 3 })).toMatchObject(lost);
    expect(await open(newRef(), { seenVersion: 0 })).toMatchObject({ isNew: true, reset: '' });
  });

  it('a store that knows of less than this process has read from it says so', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const { head } = await open(ref);
    const known = { generation: head.generation, edits: head.edits, version: 3 };
    expect(await open(ref, { known: { ...known, version: 1 } })).toMatchObject({ reset: '' });
    expect(await open(ref, { known })).toMatchObject({ reset: 'version_regressed', turns: [{ version: 1 }] });
    const lost = { isNew: true, reset: 'version_regressed', head: { version: 0 } };
    expect(await open(newRef(), { known })).toMatchObject(lost);
  });

  it('a life that began anew says so until one of its turns comes to something', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    await store.sessions.erase(ref);
    expect(await open(ref)).toMatchObject({ isNew: true, reset: 'erased' });
    await add(ref, draft('two', { status: 'failed' }));
    expect(await open(ref)).toMatchObject({ isNew: false, reset: 'erased' });
    await add(ref, draft('three'));
    expect(await open(ref)).toMatchObject({ reset: '' });
  });

  it('a store that has lost turns says so until one comes to something', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const { head } = await open(ref);
    const known = { generation: head.generation, edits: head.edits, version: 3 };
    expect(await open(ref, { known })).toMatchObject({ isNew: false, reset: 'version_regressed' });
    await add(ref, draft('two', { status: 'failed' }));
    for (const more of [{}, { known: { ...known, version: 1 } }])
      expect(await open(ref, more)).toMatchObject({ reset: 'version_regressed' });
    await add(ref, draft('three'));
    expect(await open(ref)).toMatchObject({ reset: '' });
  });

  it('a version that a turn on its way may come to is not lost where that turn fails', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const turn = draft('two', { status: 'failed' });
    const pending = await open(ref, { turn: turn.id });
    expect(await open(ref, { seenVersion: 2 })).toMatchObject({ reset: 'version_regressed' });
    await store.sessions.commit(ref, commitOptions(turn, pending));
    expect(await open(ref)).toMatchObject({ reset: '', head: { version: 2 } });
  });

  it('a turn that was made from turns that are lost goes on behind what there is, and the next one is told', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const from = await open(ref);
    const seen = { ...from, head: { ...from.head, version: 4 } };
    const late = draft('late', { resolves: 'calls-that-are-lost' });
    expect(await store.sessions.commit(ref, commitOptions(late, seen))).toMatchObject({
      kind: 'committed',
      version: 2,
      staleBase: true,
    });
    expect(await open(ref)).toMatchObject({ reset: 'version_regressed', head: { head: late.id, hash: '' } });
    await add(ref, draft('next'));
    expect(await open(ref)).toMatchObject({ reset: '' });
  });

  it('nobody branches off a turn that is lost: what is left would hang on nothing', async () => {
    const ref = newRef();
    const one = draft('one');
    await add(ref, one);
    const from = await open(ref);
    const late = draft('late');
    const branch = { mode: 'branch', parent: 'ab'.repeat(12) } as const;
    const committed = await store.sessions.commit(ref, commitOptions(late, from, branch));
    expect(committed).toMatchObject({ kind: 'committed', version: 2, staleBase: true });
    const view = await store.sessions.read(ref);
    expect(view?.turns.map(({ parent }) => parent)).toEqual(['', one.id]);
    expect(await open(ref)).toMatchObject({ reset: 'version_regressed' });
  });

  it('of a session that is lost as a whole nobody says that it was erased', async () => {
    const elsewhere = newRef();
    const from = await open(elsewhere);
    expect(await store.sessions.commit(newRef(), commitOptions(draft('one'), from))).toEqual({
      kind: 'lost',
    });
    await store.sessions.erase(elsewhere);
    expect(await store.sessions.commit(elsewhere, commitOptions(draft('one'), from))).toEqual({
      kind: 'gone',
    });
  });
});
