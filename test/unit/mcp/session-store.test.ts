import { expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { SessionStore } from '../../../src/mcp/sessions/session-store.ts';
import { openStore } from '../../../src/stores/index.ts';

const OWNER = { server: 's', principal: 'p' };
const TTL_MS = 60_000;

it('of the sessions that are remembered while the store is away those of the last 16 MiB are left', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const away = { is: false };
  const { documents } = store;
  const real = documents.get.bind(documents);
  documents.get = async (collection, id) => {
    if (away.is) throw new StoreUnavailable('it is away');
    return real(collection, id);
  };
  const sessions = new SessionStore(documents, documents, () => 0);
  const open = (said: string) =>
    sessions.open({ ...OWNER, initialize: { said }, upstream: {}, owner: '' }, TTL_MS);
  const first = await open('a little');
  const large: string[] = [];
  for (let at = 0; at < 20; at++) large.push((await open('x'.repeat(1024 ** 2))).id);
  away.is = true;
  const isKnown = (id: string): Promise<boolean> =>
    sessions.find(id, OWNER, TTL_MS).then(
      (found) => found !== undefined,
      (error: unknown) => {
        if (error instanceof StoreUnavailable) return false;
        throw error;
      },
    );
  expect(await isKnown(first.id)).toBe(false);
  const known = await Promise.all(large.map(isKnown));
  expect(known.lastIndexOf(false)).toBe(4);
  expect(known.slice(5)).toEqual(Array.from({ length: 15 }, () => true));
  away.is = false;
  expect(await isKnown(first.id)).toBe(true);
});
