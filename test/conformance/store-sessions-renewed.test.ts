// To answer is to speak: a conversation does not end while somebody is answered in it.
import { expect, it, onTestFinished, vi } from 'vitest';
import { commitOptions, DAY, draft, newId, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TTL = 60_000;

async function world(make: () => Promise<Place>) {
  const place = await make();
  onTestFinished(() => place.remove());
  const store = await place.open();
  onTestFinished(() => store.close());
  const ref = { tenant: 'shop', session: newId() };
  return { place, sessions: store.sessions, ref, slow: draft('slow'), ...speakerIn(() => store) };
}

it.each(places)('an answer may take longer than a session lasts without a word ($name)', async ({ make }) => {
  const { place, sessions, ref, slow, open } = await world(make);
  const from = await open(ref, { turn: slow.id, ttlMs: TTL });
  for (let third = 0; third < 4; third++) {
    await place.pass(TTL / 3);
    expect(await sessions.renew(ref, slow.id, '', DAY, TTL)).toBe(true);
  }
  // What Redis keeps by its own clock shows here: it has moved as well.
  const touchedAt = (await sessions.read(ref))?.head.touchedAt;
  expect(touchedAt).toBeGreaterThan(from.head.touchedAt);
  // Who comes meanwhile finds it, and begins no other in its place.
  expect(await open(ref, { ttlMs: TTL })).toMatchObject({ isNew: false, pending: 1 });
  expect(await sessions.commit(ref, commitOptions(slow, from))).toMatchObject({ kind: 'committed' });
});

it.each(places)('but at its absolute age it ends all the same ($name)', async ({ make }) => {
  const { place, sessions, ref, slow, open } = await world(make);
  const from = await open(ref, { turn: slow.id, ttlMs: 200, maxAgeMs: 250 });
  await sessions.renew(ref, slow.id, '', DAY, DAY);
  await place.pass(300);
  expect(await sessions.commit(ref, commitOptions(slow, from))).toEqual({ kind: 'gone' });
});
