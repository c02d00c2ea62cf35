import { expect, onTestFinished, test } from 'vitest';
import { Erasing } from '../../../src/context/erasing.ts';
import { OpenedSessions } from '../../../src/context/opened-sessions.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import { openStore } from '../../../src/stores/index.ts';

async function opened() {
  const store = await openStore('memory:', { commandTimeoutMs: 1000 });
  onTestFinished(() => store.close());
  const { sessions, documents } = store;
  const asked: number[] = [];
  const erasing = new Erasing({
    sessions: Object.assign(Object.create(sessions) as typeof sessions, {
      list: (...given: Parameters<typeof sessions.list>) => {
        asked.push(given[1].limit);
        return sessions.list(...given);
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
