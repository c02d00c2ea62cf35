import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StoredTurn } from '../../src/contracts/session.ts';
import { type Limit, type Store, StoreUnavailable } from '../../src/contracts/store.ts';
import { openStore, type StoreEvent } from '../../src/stores/index.ts';
import { eventually } from '../helpers/gateway.ts';
import { until } from '../helpers/redis-server.ts';
import { commitOptions, draft, type Open, reserveOptions } from './session-drafts.ts';

vi.setConfig({ testTimeout: 60_000 });

let dir: string;
let path: string;
let url: string;
let now = 0;
const opened: Store[] = [];

async function open(options: { onEvent?: (event: StoreEvent) => void } = {}): Promise<Store> {
  const store = await openStore(url, { now: () => now, ...options });
  opened.push(store);
  return store;
}

/** What another process would see in the file. */
function rows(sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hypercare-sqlite-'));
  path = join(dir, 'store.db');
  url = `sqlite:${path}`;
  now = 1_700_000_000_000;
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(dir, { recursive: true, force: true });
});

it('loses nothing that it acknowledged when the process is killed', async () => {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-sqlite-writer.ts'), url]);
  let output = '';
  let problems = '';
  writer.stdout.on('data', (chunk) => {
    output += chunk;
  });
  writer.stderr.on('data', (chunk) => {
    problems += chunk;
  });
  const exit = once(writer, 'exit');
  await until(() => output.length > 9 * 200 || writer.exitCode !== null, 'the writer to write');
  writer.kill('SIGKILL');
  await exit;

  const acknowledged = output.split('\n').slice(0, -1);
  expect(acknowledged.length, problems).toBeGreaterThan(150);
  const store = await open();
  for (const id of acknowledged) {
    expect(await store.documents.get('acknowledged', id)).toMatchObject({
      version: 1,
      value: { n: Number(id) },
    });
  }
  expect((await store.documents.put('acknowledged', 'after', 1)).ok).toBe(true);
});

it('holds two processes that share the file to one budget', async () => {
  const script = join(import.meta.dirname, 'store-sqlite-spender.ts');
  const granted = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const spender = spawn(process.execPath, [script, url, name], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      spender.stdout.on('data', (chunk) => {
        output += chunk;
      });
      await once(spender, 'close');
      return Number(output);
    }),
  );
  expect(
    granted.reduce((sum, each) => sum + each, 0),
    granted.join(' + '),
  ).toBe(100);
  expect(await (await open()).budgets.read(['shared'])).toEqual([{ spent: 100, held: 0 }]);
});

it('has documents and counters again after it was closed and opened', async () => {
  const first = await open();
  await first.documents.put('c', 'a', 'kept');
  await first.documents.put('c', 'b', 'kept a while', { ttlMs: 1000 });
  first.counters.add('short', 1, 1000);
  first.counters.add('long', 2, 60_000);
  first.counters.add('forgotten', 3, 60_000);
  first.counters.reset('forgotten');
  await first.close();
  await first.close();

  now += 1000;
  const second = await open();
  expect((await second.documents.list('c')).map((document) => document.id)).toEqual(['a']);
  expect(second.counters.add('long', 0, 60_000)).toEqual({ value: 2, resetMs: 59_000 });
  expect(second.counters.add('short', 0, 1000)).toEqual({ value: 0, resetMs: 1000 });
  expect(second.counters.add('forgotten', 0, 1000)).toEqual({ value: 0, resetMs: 1000 });
});

it('knows what limits had let pass again after it was closed and opened', async () => {
  const limits = (['fixed-window', 'sliding-window', 'token-bucket'] as const).map(
    (algorithm): Limit => ({ key: algorithm, algorithm, limit: 10, windowMs: 60_000, burst: 10 }),
  );
  const first = await open();
  first.counters.take('s', limits, 4);
  await first.close();
  now += 6000;
  const second = await open();
  const states = await second.counters.take('s', limits, 0);
  expect(states.map(({ remaining }) => remaining)).toEqual([6, 6, 7]);
});

it('takes over a file of the version before, with its counters', async () => {
  const before = new DatabaseSync(path);
  before.exec(`
    CREATE TABLE documents (collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
      expires_at INTEGER, PRIMARY KEY (collection, id)) STRICT;
    CREATE TABLE counters (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL, ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES ('k', 7, ${now + 60_000});
    PRAGMA user_version = 1`);
  before.close();
  const store = await open();
  expect(store.counters.add('k', 0, 60_000)).toEqual({ value: 7, resetMs: 60_000 });
});

it('takes over the conversations of the version before, and finds them by their users', async () => {
  const first = await open();
  const ref = { tenant: 'shop', session: 'one' };
  await first.sessions.reserve(ref, reserveOptions('turn', { owner: 'ann' }));
  await first.close();
  const before = new DatabaseSync(path);
  before.exec(
    `DROP TABLE session_users; DROP TRIGGER ledger_gone; DROP TABLE ledger_size; ALTER TABLE sessions DROP COLUMN reset;
     ALTER TABLE sessions DROP COLUMN reset_head; PRAGMA user_version = 7`,
  );
  before.close();
  const { sessions } = await open();
  const other = { tenant: 'shop', session: 'two' };
  await sessions.create(other, { owner: '', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 });
  await sessions.reserve(other, reserveOptions('turn', { owner: 'ann' }));
  const found = await sessions.list('shop', { owner: 'ann', limit: 10 });
  expect(found.sessions.map(({ session }) => session)).toEqual(['two', 'one']);
});

it('answers counters at once, without a promise', async () => {
  const store = await open();
  expect(store.counters.add('k', 1, 1000)).toEqual({ value: 1, resetMs: 1000 });
});

it('snapshots counters every second, so that a crash costs little', async () => {
  const store = await open();
  store.counters.add('k', 3, 60_000);
  await until(() => rows('SELECT * FROM counters').length === 1, 'a snapshot');
  store.counters.add('k', 4, 60_000);
  await until(() => rows('SELECT value FROM counters')[0]?.value === 7, 'the next snapshot');
  store.counters.reset('k');
  await until(() => rows('SELECT * FROM counters').length === 0, 'the snapshot of the reset');
});

it('purges in the background what has run out', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const store = await open();
    await Promise.all(
      Array.from({ length: 2500 }, (_, at) => store.documents.put('c', `d${at}`, at, { ttlMs: 1000 })),
    );
    await store.documents.put('c', 'kept', 1);
    store.counters.add('k', 1, 1000);
    vi.advanceTimersByTime(1000);
    expect(rows('SELECT count(*) AS n FROM counters')).toEqual([{ n: 1 }]);
    now += 1000;
    vi.advanceTimersByTime(30_000);
    await until(() => rows('SELECT count(*) AS n FROM documents')[0]?.n === 1, 'the purge');
    expect(rows('SELECT count(*) AS n FROM counters')).toEqual([{ n: 0 }]);
  } finally {
    vi.useRealTimers();
  }
});

it('refuses a file of a newer gateway, and leaves it as it is', async () => {
  await (await open()).close();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await expect(open()).rejects.toThrow(/store\.db: it has schema 99 and this gateway knows up to \d+/);
  expect(rows('PRAGMA user_version')).toEqual([{ user_version: 99 }]);
});

it('says which file it can not use', async () => {
  await writeFile(path, 'this is no database, but a text of some length'.repeat(20));
  await expect(open()).rejects.toThrow(`can't use the store ${path}`);
  await expect(openStore(`sqlite:${join(path, 'below', 'a.db')}`)).rejects.toThrow("can't use the store");
});

it('makes the folder, relative to the working directory', async () => {
  const before = process.cwd();
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(dir);
  try {
    const store = await openStore('sqlite:data/deep/store.db');
    await store.close();
    expect(store.name).toBe('sqlite:data/deep/store.db');
  } finally {
    cwd.mockRestore();
  }
  expect(process.cwd()).toBe(before);
  expect(existsSync(join(dir, 'data', 'deep', 'store.db'))).toBe(true);
});

it('shares its documents between two processes of one machine', async () => {
  const one = await open();
  const other = await open();
  const append = async (store: Store, entry: string) => {
    for (;;) {
      const read = await store.documents.get<string[]>('c', 'log');
      const entries = [...(read?.value ?? []), entry];
      const result = await store.documents.put('c', 'log', entries, { ifVersion: read?.version ?? 0 });
      if (result.ok) return;
    }
  };
  await Promise.all(Array.from({ length: 40 }, (_, at) => append(at % 2 ? one : other, `${at}`)));
  expect((await one.documents.get<string[]>('c', 'log'))?.value).toHaveLength(40);
});

it('says that it is unavailable while another process holds the file, once, and that it is back', async () => {
  const events: StoreEvent[] = [];
  const store = await open({ onEvent: (event) => events.push(event) });
  await store.documents.put('c', 'a', 1);
  const holder = new DatabaseSync(path);
  holder.exec('BEGIN IMMEDIATE');
  await expect(store.documents.put('c', 'a', 2)).rejects.toThrow(StoreUnavailable);
  await expect(store.documents.put('c', 'a', 2)).rejects.toMatchObject({ code: 'store_unavailable' });
  // Reads and counters go on.
  expect((await store.documents.get('c', 'a'))?.value).toBe(1);
  expect(store.counters.add('k', 1, 1000)).toMatchObject({ value: 1 });
  holder.exec('ROLLBACK');
  holder.close();
  expect(await store.documents.put('c', 'a', 3)).toEqual({ ok: true, version: 2 });
  expect(events.map((event) => event.kind)).toEqual(['down', 'up']);
  expect(events[0]?.error).toBeInstanceOf(StoreUnavailable);
});

it('commits what waits when it is closed', async () => {
  const store = await open();
  const puts = Array.from({ length: 1000 }, (_, at) => store.documents.put('c', `${at}`, at));
  await store.close();
  expect((await Promise.all(puts)).every((result) => result.ok)).toBe(true);
  await expect(store.documents.put('c', 'late', 1)).rejects.toThrow(StoreUnavailable);
  await expect(store.documents.get('c', '1')).rejects.toThrow(StoreUnavailable);
  await expect(store.ping()).rejects.toThrow(StoreUnavailable);
  await turn();
  expect(rows('SELECT count(*) AS n FROM documents')).toEqual([{ n: 1000 }]);
});

it('of what was erased nothing is left in its files', async () => {
  const store = await open();
  const ref = { tenant: 'app', session: 's1' };
  // Long enough to have pages of its own.
  const said = 'My account number is 471108151923. '.repeat(2000);
  for (const session of ['s1', 's2']) {
    const turn = draft('', { content: said });
    const reserved = (await store.sessions.reserve({ ...ref, session }, reserveOptions(turn.id))) as Open;
    await store.sessions.commit({ ...ref, session }, commitOptions(turn, reserved));
  }
  await store.documents.put('context-keys', 'tenant app', { wrapped: 'opens-all-of-it' });
  const isThere = async (words: string): Promise<boolean> =>
    (await Promise.all([path, `${path}-wal`].map((file) => readFile(file, 'latin1')))).join().includes(words);
  expect([await isThere('471108151923'), await isThere('opens-all-of-it')]).toEqual([true, true]);
  const view = await store.sessions.read({ ...ref, session: 's2' });
  const [turn] = view?.turns ?? [];

  await store.sessions.erase(ref);
  await store.sessions.redact({ ...ref, session: 's2' }, 1, said, { ...(turn as StoredTurn), content: '{}' });
  await store.documents.delete('context-keys', 'tenant app', { wipe: true });

  // The log is emptied a second later.
  await eventually(async () => !(await isThere('471108151923')) && !(await isThere('opens-all-of-it')));
});

it('whoever reads in the log while something is erased holds nobody up: it is emptied afterwards', async () => {
  const store = await open();
  await store.documents.put('context-keys', 'tenant app', { wrapped: 'opens-all-of-it' });
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN; SELECT count(*) FROM documents');

  await store.documents.delete('context-keys', 'tenant app', { wipe: true });
  await sleep(1200);

  expect(await readFile(`${path}-wal`, 'latin1')).toContain('opens-all-of-it');
  reader.exec('COMMIT');
  reader.close();
  await eventually(async () => (await readFile(`${path}-wal`)).length === 0);
});

it('of what was written over before it was erased nothing is left either, nor where whoever erased it was killed', async () => {
  const store = await open();
  // Each is another length, so that it finds no room where the one before it stood.
  for (let i = 0; i < 20; i++)
    await store.documents.put('context-keys', 'tenant app', {
      wrapped: 'opens-all-of-it'.repeat(1 + (i % 7)),
    });
  await store.documents.delete('context-keys', 'tenant app', { wipe: true });
  const killed = join(dir, 'killed.db');
  for (const end of ['', '-wal', '-shm']) await copyFile(`${path}${end}`, `${killed}${end}`);
  const next = await openStore(`sqlite:${killed}`);
  opened.push(next);

  for (const file of [path, killed])
    await eventually(async () => {
      const [all, log] = await Promise.all([file, `${file}-wal`].map((each) => readFile(each, 'latin1')));
      return !`${all}${log}`.includes('opens-all-of-it');
    });
});
