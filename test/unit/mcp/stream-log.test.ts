import { expect, it, onTestFinished } from 'vitest';
import { isKnown, resumeStream, StreamLog } from '../../../src/mcp/relay/stream-log.ts';
import { openStore } from '../../../src/stores/index.ts';

const session = {
  id: 'i',
  digest: 'd',
  version: 1,
  record: { server: 's', principal: 'p', initialize: {}, upstream: {}, owner: '', openedAt: 0, usedAt: 0 },
};
const progress = (at: number): string => JSON.stringify({ method: 'notifications/progress', params: { at } });
const answer = JSON.stringify({ jsonrpc: '2.0', id: 7, result: {} });

async function written(events: number, most: number) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const log = new StreamLog(store, session, 7, { ttlMs: 60_000, most });
  const ids: string[] = [log.firstId];
  for (let at = 1; at <= events; at++) ids.push(await log.append(progress(at)));
  ids.push(await log.append(answer));
  log.close();
  const from = async (id: string): Promise<string[]> => {
    const said: string[] = [];
    const options = { isOver: () => false, requestId: 'r' };
    for await (const { data } of resumeStream(store, session, id, options)) said.push(data);
    return said;
  };
  /** What another session is told that shows an event's id. */
  const elsewhere = async (id: string): Promise<string[]> => {
    const said: string[] = [];
    let looks = 0;
    const options = { isOver: () => ++looks > 5, requestId: 'r' };
    for await (const { data } of resumeStream(store, { ...session, digest: 'other' }, id, options))
      said.push(data);
    return said;
  };
  return { ids, from, elsewhere };
}

it('a stream goes on behind any of its events, in its own session', async () => {
  const { ids, from, elsewhere } = await written(3, 100);
  expect(await from(ids[0] as string)).toEqual([progress(1), progress(2), progress(3), answer]);
  expect(await from(ids[2] as string)).toEqual([progress(3), answer]);
  for (const id of ids) expect(await elsewhere(id)).toEqual([]);
});

it('and says so where events were cut, in place of going on behind them', async () => {
  const { ids, from } = await written(500, 10);
  const [only, ...more] = await from(ids[1] as string);
  expect(more).toEqual([]);
  expect(JSON.parse(only as string)).toMatchObject({ id: 7, error: { data: { code: 'mcp_stream_lost' } } });
  expect(await from(ids[499] as string)).toEqual([progress(500), answer]);
});

it('an event that was never there is known for that before anybody waits for it', async () => {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const log = new StreamLog(store, session, 7, { ttlMs: 60_000, most: 10 });
  const begun = log.firstId;
  const id = await log.append(answer);
  log.close();
  const known = (event: string, of = session) => isKnown(store, of, event);
  expect([await known(begun), await known(id)]).toEqual([true, true]);
  const elsewhere = { ...session, digest: 'other' };
  expect([await known(id, elsewhere), await known(`${begun}1_no-place`)]).toEqual([false, false]);
  expect(await known(id.replace(/^g\.[^.]+/, 'g.other'))).toBe(false);
});
