// The config's times count for the sessions that there are: they may have become shorter since those began.
import { expect, it, onTestFinished, vi } from 'vitest';
import { commitOptions, DAY, draft, newId, speakerIn } from './session-drafts.ts';
import { places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

it.each(places)('a time that is shorter now ends what lasted longer before ($name)', async ({ make }) => {
  const place = await make();
  onTestFinished(() => place.remove());
  const store = await place.open();
  onTestFinished(() => store.close());
  const { open } = speakerIn(() => store);
  const begun = async () => {
    const ref = { tenant: 'shop', session: newId() };
    const from = await open(ref);
    await store.sessions.commit(ref, commitOptions(draft('one'), from));
    return ref;
  };
  const [idle, old, young] = [await begun(), await begun(), await begun()];
  await place.pass(300);
  expect(await open(idle, { ttlMs: 200 })).toMatchObject({ isNew: true, reset: 'ttl', turns: [] });
  expect(await open(old, { maxAgeMs: 200 })).toMatchObject({ isNew: true, reset: 'ttl', turns: [] });

  // Of one that goes on the end is that of now.
  expect(await open(young, { ttlMs: DAY, maxAgeMs: 60_000 })).toMatchObject({ isNew: false });
  const view = await store.sessions.read(young);
  expect(view?.head.state).toBe('active');
});
