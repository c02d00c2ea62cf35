import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Store, StoreUnavailable } from '../../src/contracts/store.ts';
import { openStore, type StoreEvent } from '../../src/stores/index.ts';
import { type RedisServer, type RedisServerOptions, startRedis, until } from '../helpers/redis-server.ts';
import { PATIENT_MS, untilUp } from '../helpers/redis-store.ts';
import { commitOptions, draft, newId, type Open, reserveOptions } from './session-drafts.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LONG = 3_600_000;
const cleanup: (() => Promise<unknown>)[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

async function serve(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  cleanup.push(() => server.stop());
  return server;
}

/** A store, and what it told. Patient unless the test is about the deadline. */
async function open(
  url: string,
  commandTimeoutMs = PATIENT_MS,
  replicas?: number,
): Promise<Store & { events: StoreEvent[] }> {
  const events: StoreEvent[] = [];
  const onEvent = (event: StoreEvent) => events.push(event);
  const store = await openStore(url, { commandTimeoutMs, replicas, onEvent });
  cleanup.push(() => store.close());
  return Object.assign(store, { events });
}

/** One on a Redis that is up, from when it answers: what came before it did, on a busy machine, is not told. */
async function opened(...options: Parameters<typeof open>): ReturnType<typeof open> {
  const store = await open(...options);
  await untilUp(store);
  store.events.splice(0);
  return store;
}

/** `ok`, or the code of the failure; anything but StoreUnavailable is thrown on. */
async function attempt(store: Store): Promise<string> {
  try {
    await store.counters.add('attempt', 1, LONG);
    return 'ok';
  } catch (error) {
    if (error instanceof StoreUnavailable) return error.code;
    throw error;
  }
}

/** A way to a Redis that can lose its answers and be cut. */
async function lossyLine(to: number): Promise<{ port: number; loseAnswers: boolean; cut(): void }> {
  const callers = new Set<Socket>();
  const line = { port: 0, loseAnswers: false, cut: () => callers.forEach((caller) => void caller.destroy()) };
  const server = createServer((caller) => {
    callers.add(caller);
    const redis = connect(to, '127.0.0.1');
    caller.pipe(redis);
    redis.on('data', (answer) => line.loseAnswers || caller.write(answer));
    for (const socket of [caller, redis]) socket.on('error', () => socket.destroy());
    caller.on('close', () => {
      callers.delete(caller);
      redis.destroy();
    });
    redis.on('close', () => caller.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address === 'object' && address) line.port = address.port;
  cleanup.push(async () => {
    line.cut();
    server.close();
  });
  return line;
}

const kinds = (store: { events: StoreEvent[] }) => store.events.map((event) => event.kind);

beforeEach(() => {
  process.on('unhandledRejection', onUnhandled);
  process.on('uncaughtException', onUnhandled);
});

afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
  process.off('unhandledRejection', onUnhandled);
  process.off('uncaughtException', onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

describe.each([{ cluster: false }, { cluster: true }])('a Redis (cluster: $cluster)', (options) => {
  it('is killed and comes back', async () => {
    const server = await serve(options);
    const store = await opened(server.url);
    expect(await attempt(store)).toBe('ok');
    await server.kill9();
    await until(async () => (await attempt(store)) === 'store_unavailable', 'the first failure');
    await until(() => store.events.length > 0, 'the down event');
    for (let call = 0; call < 20; call++) {
      await expect(store.documents.get('c', 'a')).rejects.toMatchObject({
        name: 'StoreUnavailable',
        cause: expect.any(Error),
      });
    }
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    await server.restart();
    await until(async () => (await attempt(store)) === 'ok', 'the store to recover by itself');
    expect(kinds(store)).toEqual(['down', 'up']);
    expect(store.events[0]?.error).toBeInstanceOf(Error);
  });

  it('is not there at the start, and comes later', async () => {
    const server = await serve(options);
    await server.kill9();
    const store = await open(server.url);
    expect(await attempt(store)).toBe('store_unavailable');
    await until(() => store.events.length > 0, 'the down event');
    await server.restart();
    await until(async () => (await attempt(store)) === 'ok', 'the store to come');
    expect(kinds(store)).toEqual(['down', 'up']);
  });

  it('hangs, which costs a call its deadline and then nothing, and goes on', async () => {
    const server = await serve(options);
    const store = await opened(server.url, 300);
    server.pause();
    const begun = performance.now();
    for (let call = 0; call < 100; call++) expect(await attempt(store)).toBe('store_unavailable');
    // 100 calls of 300 ms would take half a minute; five do, and one every half second.
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(kinds(store)).toEqual(['down']);
    server.resume();
    // Nobody calls: the store finds out by itself.
    await until(() => store.events.length === 2, 'the up event');
    expect(kinds(store)).toEqual(['down', 'up']);
    await until(async () => (await attempt(store)) === 'ok', 'the store to go on');
  });

  it('forgets its scripts', async () => {
    const server = await serve(options);
    const store = await opened(server.url);
    for (const round of [1, 2, 3]) {
      expect(await store.counters.add('k', 1, LONG)).toMatchObject({ value: round });
      expect((await store.documents.put('c', 'a', round)).version).toBe(round);
      expect(await store.documents.list('c')).toHaveLength(1);
      await server.cli('script', 'flush');
    }
    const states = await Promise.all(Array.from({ length: 100 }, () => store.counters.add('k', 1, LONG)));
    expect(Math.max(...states.map((state) => state.value))).toBe(103);
  });

  it('is closed while it hangs', async () => {
    const server = await serve(options);
    const store = await opened(server.url, 1000);
    server.pause();
    const pending = attempt(store);
    const begun = performance.now();
    await store.close();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await pending).toBe('store_unavailable');
    expect(await attempt(store)).toBe('store_unavailable');
    expect(store.events).toEqual([]);
  });
});

it('hangs before it is opened, which holds nobody up', async () => {
  const server = await serve();
  server.pause();
  const begun = performance.now();
  const store = await open(server.url, 100);
  expect(await attempt(store)).toBe('store_unavailable');
  expect(performance.now() - begun).toBeLessThan(10_000);
  server.resume();
  await until(async () => (await attempt(store)) === 'ok', 'the store to come');
});

it('counts exactly for two clients at once', async () => {
  const server = await serve();
  const stores = [await opened(server.url), await opened(server.url)];
  const states = await Promise.all(
    Array.from({ length: 1000 }, async (_, at) => stores[at % 2]?.counters.add('k', 1, LONG)),
  );
  expect(states.map((state) => state?.value ?? 0).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, at) => at + 1),
  );
});

it('never counts a step twice when its answer was lost with the connection', async () => {
  const server = await serve();
  const line = await lossyLine(server.port);
  const store = await opened(`redis://127.0.0.1:${line.port}`, 30_000);
  expect(await attempt(store)).toBe('ok');
  line.loseAnswers = true;
  const pending = Array.from({ length: 50 }, () => attempt(store));
  await until(
    async () => (await server.cli('get', 'hypercare:c:{attempt}')) === '51',
    'Redis to count what it can not answer',
  );
  line.loseAnswers = false;
  const begun = performance.now();
  line.cut();
  expect(new Set(await Promise.all(pending))).toEqual(new Set(['store_unavailable']));
  // At the cut, not at the deadline.
  expect(performance.now() - begun).toBeLessThan(15_000);
  await until(async () => (await attempt(store)) === 'ok', 'the new connection');
  expect(await server.cli('get', 'hypercare:c:{attempt}')).toBe('52');
});

it('settles what was under way when its connection is cut', async () => {
  const server = await serve();
  const store = await opened(server.url);
  server.pause();
  const pending = Array.from({ length: 20 }, () => attempt(store));
  const begun = performance.now();
  await server.kill9();
  expect(new Set(await Promise.all(pending))).toEqual(new Set(['store_unavailable']));
  expect(performance.now() - begun).toBeLessThan(PATIENT_MS);
});

it('is not called down because this process was busy', async () => {
  const server = await serve();
  const store = await opened(server.url, 50);
  const pending = Array.from({ length: 20 }, () => store.counters.add('k', 1, LONG));
  const counted = () =>
    execFileSync('redis-cli', ['-p', String(server.port), 'get', 'hypercare:c:{k}'], { encoding: 'utf8' });
  // Until Redis has answered them all, while nobody here reads it; the deadline is long past.
  const begun = performance.now();
  const busyFor = () => performance.now() - begun;
  while (busyFor() < 1000 || (counted().trim() !== '20' && busyFor() < 30_000));
  expect(await Promise.all(pending)).toHaveLength(20);
  expect(store.events).toEqual([]);
});

it('keeps what it acknowledged where Redis does', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hypercare-aof-'));
  cleanup.push(() => rm(dir, { recursive: true, force: true }));
  const server = await serve({ dir });
  const store = await opened(server.url);
  await store.documents.put('c', 'a', 'kept');
  await server.restart();
  await until(async () => (await attempt(store)) === 'ok', 'the store to recover');
  expect(await store.documents.list('c')).toEqual([{ id: 'a', version: 1, value: 'kept' }]);
});

it('does not let the index of a collection grow with documents that ran out unlisted', async () => {
  const server = await serve();
  const store = await opened(server.url);
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => store.documents.put('c', `${round}-${at}`, at, { ttlMs: 1 })),
    );
  }
  expect(Number(await server.cli('zcard', 'hypercare:{c}:i'))).toBeLessThan(1000);
});

it('finds a user’s conversation although it was cut off when it began one', async () => {
  const server = await serve();
  const store = await opened(server.url);
  const ref = { tenant: 'app', session: 's1' };
  const begin = () => store.sessions.reserve(ref, reserveOptions(newId(), { owner: 'ann' }));
  await begin();
  // As if the line had been cut behind the script: what finds the session was not written.
  const raw = new Redis(server.url);
  cleanup.push(() => raw.quit());
  expect(await raw.del('hypercare:c:{app}:all', 'hypercare:c:{app}:u:ann')).toBe(2);
  await begin();
  const { sessions } = await store.sessions.list('app', { owner: 'ann', limit: 10 });
  expect(sessions).toMatchObject([{ session: 's1' }]);
  expect((await store.sessions.list('app', { limit: 10 })).sessions).toHaveLength(1);
});

it('finds it also where a failover lost what it was found by', async () => {
  const server = await serve();
  const store = await opened(server.url);
  const ref = { tenant: 'app', session: 's1' };
  await store.sessions.create(ref, { owner: '', metadata: '', ttlMs: LONG, maxAgeMs: LONG });
  const speak = async () => {
    const turn = draft('hello');
    const from = (await store.sessions.reserve(ref, reserveOptions(turn.id, { owner: 'ann' }))) as Open;
    await store.sessions.commit(ref, commitOptions(turn, from));
  };
  await speak();
  // As if another Redis were behind the next connection, that had not heard of it.
  expect(await server.cli('del', 'hypercare:c:{app}:u:ann')).toBe('1');
  await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  await until(() => store.events.length === 2, 'the new connection');
  await speak();
  const { sessions } = await store.sessions.list('app', { owner: 'ann', limit: 10 });
  expect(sessions).toMatchObject([{ session: 's1' }]);
});

it('a replica that hangs holds up nobody but who waits for it', async () => {
  const master = await serve();
  const replica = await serve({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
  await until(
    async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'),
    'the replica',
  );
  // Half of it is what replicas have.
  const store = await opened(master.url, 5000, 1);
  const commits = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const ref = { tenant: 'app', session: `s${at}` };
      const turn = draft('hello');
      const from = (await store.sessions.reserve(ref, reserveOptions(turn.id))) as Open;
      return () => store.sessions.commit(ref, commitOptions(turn, from));
    }),
  );
  replica.pause();
  const under = Promise.allSettled(commits.map((commit) => commit()));
  for (let call = 0; call < 20; call++) expect(await attempt(store)).toBe('ok');
  for (const outcome of await under)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailable' } });
  expect(store.events).toEqual([]);
  // They are written all the same, and known when they are sent again.
  replica.resume();
  for (const commit of commits)
    await until(async () => {
      const committed = await commit().catch(() => undefined);
      return committed?.kind === 'committed' && committed.repeated;
    }, 'the replica to have it');
});

it('asks for a password, and does not repeat it', async () => {
  const server = await serve({ args: ['--requirepass', 'right p@ss'] });
  const host = `127.0.0.1:${server.port}`;
  const right = await opened(`redis://:right%20p@ss@${host}`);
  expect(await attempt(right)).toBe('ok');
  expect(right.name).toBe(`redis://${host}`);

  const wrong = await open(`redis://someone:s3cret@${host}`);
  await until(() => wrong.events.length > 0, 'the down event');
  const failure = await wrong.documents.put('c', 'a', 'a private word').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StoreUnavailable);
  const { inspect } = await import('node:util');
  const told = inspect([failure, wrong.events, wrong.name], { depth: 20, showHidden: true });
  expect(told).toContain('WRONGPASS');
  expect(told).not.toMatch(/s3cret|private word/);
});

it('reports a key that is not what it should be, and is not down for it', async () => {
  const server = await serve();
  const store = await opened(server.url);
  await server.cli('rpush', 'hypercare:c:{odd}', 'not a counter');
  for (let call = 0; call < 20; call++) {
    await expect(store.counters.add('odd', 1, LONG)).rejects.toThrow(/WRONGTYPE|wrong kind/);
  }
  expect(await attempt(store)).toBe('ok');
  expect(store.events).toEqual([]);
});

it('lets all keys of a conversation go within two minutes of its end, whatever was written last', async () => {
  const { url } = await serve();
  const store = await opened(url);
  const client = new Redis(url);
  cleanup.push(async () => client.disconnect());
  const life = { ttlMs: LONG, maxAgeMs: LONG };
  const goes = async (session: string, kinds: string) => {
    const keys = await client.keys(`hypercare:c:{shop:${session}}:*`);
    expect(keys.map((name) => name.slice(-1)).sort()).toEqual([...kinds]);
    for (const name of keys) {
      // That it was stays known for its absolute age.
      const left = (await client.pttl(name)) - (name.endsWith(':m') ? LONG : 0);
      expect(left, name).toBeGreaterThan(LONG - 60_000);
      expect(left, name).toBeLessThanOrEqual(LONG + 120_000);
    }
  };
  const ref = { tenant: 'shop', session: 'one' };
  for (const said of ['first', 'second']) {
    const turn = draft(said);
    const key = `key of ${said}`;
    const from = (await store.sessions.reserve(ref, reserveOptions(turn.id, { key, ...life }))) as Open;
    await store.sessions.commit(ref, commitOptions(turn, from, { key, ...life }));
    const summary = { epoch: 1, covered: 1, coveredTurn: turn.id, tokens: 1, at: 1, content: '{}' };
    const { generation, edits } = from.head;
    if (said === 'first')
      await store.sessions.summarize(ref, { generation, edits, epoch: 0, covered: 0 }, summary);
    await store.sessions.lease(ref, 'compact', 'a', LONG);
    await goes('one', 'ilmst');
  }
  // Opened with items, then spoken in.
  const items = { tenant: 'shop', session: 'items' };
  await store.sessions.create(items, { owner: '', metadata: '', ...life });
  const made = await store.sessions.read(items);
  if (!made) throw new Error('not made');
  const put = commitOptions(draft('put'), { ...made, fence: 0 }, life);
  await store.sessions.commit(items, put);
  await goes('items', 'imt');
  await store.sessions.reserve(items, reserveOptions('turn', life));
  await goes('items', 'ilmt');
});
