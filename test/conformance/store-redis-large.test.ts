// Turns of many megabytes, as images and long results of tools make them, on a line to Redis that carries so much a second
// and not more. That is what the times here come from: the deadline of a small call is far from what a large one needs.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Store, StoreUnavailable } from '../../src/contracts/store.ts';
import { startRedis, until } from '../helpers/redis-server.ts';
import { openRedis, PATIENT_MS } from '../helpers/redis-store.ts';
import { type UnreliableLine, unreliableLine } from '../helpers/unreliable-line.ts';
import { commitOptions, draft, newId, reserveOptions, speakerIn } from './session-drafts.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MB = 1024 * 1024;
const ref = { tenant: 'app', session: 'images' };
/** For all, for conversations, and for what is large in them. */
const CONNECTIONS = 3;

async function opened(
  commandTimeoutMs = PATIENT_MS,
): Promise<{ line: UnreliableLine; store: Store } & ReturnType<typeof speakerIn>> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const line = await unreliableLine(redis.port);
  onTestFinished(() => line.close());
  const store = await openRedis(`redis://127.0.0.1:${line.port}`, { commandTimeoutMs });
  onTestFinished(() => store.close());
  // Who lists them is one more.
  const listed = () => redis.cli('client', 'list', 'type', 'normal');
  await until(async () => (await listed()).split('\n').length > CONNECTIONS, 'all connections');
  const speaker = speakerIn(() => store);
  // Redis knows the scripts from here on, and they are not sent with the turn.
  await speaker.add(ref, draft('hello'));
  return { line, store, ...speaker };
}

const large = (bytes: number) => draft('see', { content: JSON.stringify({ said: 'x'.repeat(bytes) }) });

it('a turn that takes longer than a small call may is committed and read again, and others are served meanwhile', async () => {
  // Redis copies the large turn for some 150 ms, on a busy machine for far more: nobody else is answered in that time.
  const smallMs = 3000;
  const { line, store, open } = await opened(smallMs);
  const turn = large(24 * MB);
  const from = await open(ref, { turn: turn.id });
  // 3.5 s each way; 5.5 s is what such a turn is given.
  line.bytesPerMs = 7 * 1024;
  let isUnderWay = true;
  let began = performance.now();
  const commit = store.sessions.commit(ref, commitOptions(turn, from)).finally(() => {
    isUnderWay = false;
  });
  const others = async () => {
    for (let at = 0; isUnderWay; at++) {
      const other = { tenant: 'app', session: `other ${at}` };
      const words = draft('hello');
      const { kind } = await store.sessions.reserve(other, reserveOptions(words.id));
      await store.counters.add('calls', 1, 60_000);
      expect(kind).toBe('reserved');
      await sleep(20);
    }
  };
  const [committed] = await Promise.all([commit, others()]);
  expect(performance.now() - began).toBeGreaterThan(smallMs);
  expect(committed).toMatchObject({ kind: 'committed', version: 2, repeated: false });
  began = performance.now();
  const next = await open(ref, { turn: newId() });
  expect(performance.now() - began).toBeGreaterThan(smallMs);
  expect(next.turns.map(({ id }) => id).slice(1)).toEqual([turn.id]);
  expect(next.turns[1]?.content.length).toBe(turn.content.length);
});

it('a turn that is still on its way is not sent again, and is there once', async () => {
  const { line, store, open } = await opened(2000);
  const turn = large(2 * MB);
  const from = await open(ref, { turn: turn.id });
  // 4 s: nearly twice of what such a turn is given.
  line.bytesPerMs = 512;
  const before = line.carried;
  const options = commitOptions(turn, from);
  await expect(store.sessions.commit(ref, options)).rejects.toThrow(StoreUnavailable);
  // As turns are written behind: again and again.
  let committed: Awaited<ReturnType<typeof store.sessions.commit>> | undefined;
  while (!committed) {
    await sleep(50);
    committed = await store.sessions.commit(ref, { ...options, isRepeat: true }).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      return undefined;
    });
  }
  expect(committed).toMatchObject({ kind: 'committed', version: 2, repeated: true });
  expect(line.carried - before).toBeLessThan(2.25 * MB);
  line.bytesPerMs = 0;
  expect((await store.sessions.read(ref, { limit: 0 }))?.head.version).toBe(2);
});

it('a turn that did not arrive is sent when it is asked for again', async () => {
  const { line, store, open } = await opened();
  const turn = large(MB);
  const from = await open(ref, { turn: turn.id });
  const repeated = { ...commitOptions(turn, from), isRepeat: true };
  expect(await store.sessions.commit(ref, repeated)).toMatchObject({ version: 2, repeated: false });
  const before = line.carried;
  expect(await store.sessions.commit(ref, repeated)).toMatchObject({ version: 2, repeated: true });
  expect(line.carried - before).toBeLessThan(MB / 2);
  await store.sessions.erase(ref);
  expect(await store.sessions.commit(ref, repeated)).toEqual({ kind: 'gone' });
});

it('a long conversation that another replica wrote is read by who asks again', async () => {
  const { line, store, open } = await opened();
  const turn = large(12 * MB);
  await store.sessions.commit(ref, commitOptions(turn, await open(ref, { turn: turn.id })));
  // 1.5 s is what it is given by who knows how long it is.
  const replica = await openRedis(`redis://127.0.0.1:${line.port}`, { commandTimeoutMs: 300 });
  onTestFinished(() => replica.close());
  /** As if Redis needed so long before the first byte comes. */
  const read = async (answerable: (reserving: Promise<unknown>) => Promise<unknown>) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    line.answersAfter = promise;
    const reserving = replica.sessions.reserve(ref, reserveOptions(newId())).catch(() => undefined);
    await answerable(reserving);
    line.answersAfter = undefined;
    resolve();
    return (await reserving)?.kind;
  };
  expect(await read((reserving) => reserving)).toBe(undefined);
  await until(async () => (await read(() => sleep(600))) === 'reserved', 'an answer');
});
