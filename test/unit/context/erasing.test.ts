import { expect, onTestFinished, test } from 'vitest';
import { Erasing } from '../../../src/context/erasing.ts';
import { OpenedSessions } from '../../../src/context/opened-sessions.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import { openStore } from '../../../src/stores/index.ts';
import { reserveOptions } from '../../conformance/session-drafts.ts';

type Listed = Awaited<ReturnType<Sessions['list']>>;

/** @param onListed what happens before anybody does something with a page */
async function opened(onListed: (sessions: Sessions, page: Listed) => Promise<void> = async () => undefined) {
  const store = await openStore('memory:', { commandTimeoutMs: 1000 });
  onTestFinished(() => store.close());
  const { sessions, documents } = store;
  const asked: number[] = [];
  const erasing = new Erasing({
    sessions: Object.assign(Object.create(sessions) as typeof sessions, {
      list: async (...given: Parameters<typeof sessions.list>) => {
        asked.push(given[1].limit);
        const page = await sessions.list(...given);
        await onListed(sessions, page);
        return page;
      },
      read: sessions.read.bind(sessions),
      erase: sessions.erase.bind(sessions),
    }),
    privacy: openPrivacy(() => ({ redact: [], encryptWith: '', decryptWith: [] }), documents, Date.now),
    mind: { forget: () => undefined },
    opened: new OpenedSessions(),
    behind: { erase: async (_, inStore) => ({ erased: await inStore(), dropped: [] }) },
    operations: { now: () => 0, since: () => 0, note: () => undefined } as unknown as ConstructorParameters<
      typeof Erasing
    >[0]['operations'],
  });
  return { sessions, erasing, asked };
}

test('however many sessions a consumer has, all are erased, and few are asked for at a time', async () => {
  const { sessions, erasing, asked } = await opened();
  for (let at = 0; at < 250; at++)
    await sessions.create(
      { tenant: 'shop', session: `s${at}` },
      { owner: '', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 },
    );
  expect((await erasing.tenant('shop')).sessions).toBe(250);
  // Redis reads all of a page within the time of one answer.
  expect(Math.max(...asked)).toBeLessThanOrEqual(100);
});

test('with all of a consumer those that were erased before are nobody’s either, and are not counted again', async () => {
  const { sessions, erasing } = await opened();
  const made = { owner: 'ann', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 };
  for (const session of ['before', 'there']) await sessions.create({ tenant: 'shop', session }, made);
  await erasing.session({ tenant: 'shop', session: 'before' });
  const owners = async () =>
    (await sessions.list('shop', { limit: 10 })).sessions.map(({ session, head }) => [session, head.owner]);
  expect(Object.fromEntries(await owners())).toEqual({ before: 'ann', there: 'ann' });

  expect((await erasing.tenant('shop')).sessions).toBe(1);

  expect(Object.fromEntries(await owners())).toEqual({ before: '', there: '' });
});

test('all are erased also where the one that a page ended with is gone before the next is asked for', async () => {
  const { sessions, erasing } = await opened(async (store, page) => {
    const last = page.sessions.at(-1);
    // Its call was refused: as if it had never been.
    if (last) await store.release({ tenant: 'shop', session: last.session }, `turn-of-${last.session}`, '');
  });
  for (let at = 0; at < 250; at++)
    await sessions.reserve({ tenant: 'shop', session: `s${at}` }, reserveOptions(`turn-of-s${at}`));
  const { sessions: erased } = await erasing.tenant('shop');
  const left = (await sessions.list('shop', { limit: 1000 })).sessions;
  expect(left.filter(({ head }) => head.state === 'active')).toEqual([]);
  expect(erased).toBeGreaterThan(240);
});
