import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionRef } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { commitOptions, draft, newId, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('turns that $name hears of twice', ({ make }) => {
  let place: Place;
  let store: Store;
  const refOf = (session: string): SessionRef => ({ tenant: 'shop', session });

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const { open } = speakerIn(() => store);

  it('one that is announced twice is not in its own way, and keeps out who held the session before', async () => {
    const ref = refOf('announced');
    const slow = await open(ref, { exclusive: true, leaseMs: 20 });
    await place.pass(40);
    const mine = draft('mine');
    const announced = await open(ref, { turn: mine.id, exclusive: true });
    const again = await open(ref, { turn: mine.id, exclusive: true });
    expect(again.fence).toBe(announced.fence);
    const exact = { exact: true } as const;
    const late = await store.sessions.commit(ref, commitOptions(draft('late'), slow, exact));
    expect(late.kind).toBe('conflict');
    expect(await store.sessions.commit(ref, commitOptions(mine, announced, exact))).toMatchObject({
      kind: 'committed',
      version: 1,
    });
  });

  it('after its lease it is another: who came between is not overtaken', async () => {
    const ref = refOf('late');
    const mine = newId();
    const announced = await open(ref, { turn: mine, exclusive: true, leaseMs: 20 });
    await place.pass(40);
    const other = await open(ref);
    const again = await open(ref, { turn: mine, exclusive: true });
    expect(other.fence).toBeGreaterThan(announced.fence);
    expect(again.fence).toBeGreaterThan(other.fence);
  });
});
