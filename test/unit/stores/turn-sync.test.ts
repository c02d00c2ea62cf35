// `store.sync`: when a turn of a conversation is on the disk.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { Commits } from '../../../src/stores/sqlite/commits.ts';
import { openDatabase, WriteAheadLog } from '../../../src/stores/sqlite/database.ts';
import { SqliteSessions } from '../../../src/stores/sqlite/sessions.ts';
import { SqliteStore } from '../../../src/stores/sqlite/store.ts';
import { commitOptions, draft, type Open, reserveOptions } from '../../conformance/session-drafts.ts';
import { eventually } from '../../helpers/gateway.ts';

const REF = { tenant: 'app', session: 's1' };

async function setUp(sync: 'everysec' | 'always', table = 'turns') {
  const folder = await mkdtemp(join(tmpdir(), 'sync-'));
  const path = join(folder, 'store.db');
  const database = openDatabase(path);
  const log = WriteAheadLog.of(database) as WriteAheadLog;
  const heard: (Error | undefined)[] = [];
  /** What happened, in order. */
  const events: string[] = [];
  let disk: Error | undefined;
  const commits = new Commits(
    database,
    (error) => heard.push(error),
    async () => {
      const isBusy = database.isTransaction;
      if (disk) throw disk;
      await log.sync();
      events.push(isBusy ? 'synced too early' : 'synced');
    },
  );
  onTestFinished(async () => {
    await commits.close();
    await log.close();
    database.close();
    await rm(folder, { recursive: true, force: true });
  });
  database.function('note', (what) => {
    events.push(String(what));
    return null;
  });
  for (const what of ['INSERT', 'DELETE'])
    database.exec(
      `CREATE TEMP TRIGGER "${what}" AFTER ${what} ON ${table} BEGIN SELECT note('${what.toLowerCase()}'); END`,
    );
  const sessions = new SqliteSessions(database, commits, Date.now, sync);
  const turn = async (said: string): Promise<void> => {
    const made = draft(said);
    const reserved = (await sessions.reserve(REF, reserveOptions(made.id))) as Open;
    expect(await sessions.commit(REF, commitOptions(made, reserved))).toMatchObject({ kind: 'committed' });
    events.push(`told ${said}`);
  };
  const fails = (error: Error | undefined): void => {
    disk = error;
  };
  return { sessions, turn, events, heard, fails };
}

it('always: before it is acknowledged, and not in the time of the event loop', async () => {
  const { turn, events, heard } = await setUp('always');
  await turn('one');
  await turn('two');
  expect(events).toEqual(['insert', 'synced', 'told one', 'insert', 'synced', 'told two']);
  expect(heard.filter(Boolean)).toEqual([]);
});

it('what comes while the disk is busy has one sync together', async () => {
  const { sessions, events } = await setUp('always', 'sessions');
  const options = { owner: '', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 };
  const create = (session: string) => sessions.create({ tenant: 'app', session }, options);
  const first = create('a');
  await eventually(() => events.length > 0);
  await Promise.all([first, ...['b', 'c', 'd'].map(create)]);
  expect(events.filter((what) => what === 'insert')).toHaveLength(4);
  expect(events.filter((what) => what === 'synced')).toHaveLength(2);
});

it('a disk that fails acknowledges nothing, is not well for taking commits, and what it may have lost is written once more', async () => {
  const { sessions, turn, events, heard, fails } = await setUp('always', 'sessions');
  await turn('one');
  fails(new Error('EIO'));
  await expect(sessions.erase(REF)).rejects.toThrow(StoreUnavailable);
  heard.length = 0;
  await sessions.lease(REF, 'compaction', 'a', 60_000);
  expect(heard).toEqual([]);
  fails(undefined);
  events.length = 0;
  const options = { owner: '', metadata: '', ttlMs: 60_000, maxAgeMs: 60_000 };
  expect(await sessions.create({ tenant: 'app', session: 'other' }, options)).toBe(true);
  // Not the log, of which a part may be gone, but the database's own file.
  expect(events).toEqual(['insert']);
  expect(heard).toEqual([undefined]);
  expect(await sessions.create({ tenant: 'app', session: 'third' }, options)).toBe(true);
  expect(events).toEqual(['insert', 'insert', 'synced']);
});

it('what waits for a disk that is stuck is bounded', async () => {
  const database = openDatabase();
  onTestFinished(() => database.close());
  const commits = new Commits(
    database,
    () => undefined,
    () => new Promise(() => undefined),
  );
  for (let i = 0; i < 10_000; i++) void commits.enqueue(() => i);
  commits.flush();
  await expect(commits.enqueue(() => 0)).rejects.toThrow('too many writes waiting');
});

it('where the file is a link, the log is beside what it leads to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sync-'));
  await mkdir(join(folder, 'disk'));
  await writeFile(join(folder, 'disk', 'store.db'), '');
  await symlink(join(folder, 'disk', 'store.db'), join(folder, 'store.db'));
  const store = new SqliteStore({ name: 'sqlite:', path: join(folder, 'store.db') });
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  expect(await store.documents.put('some', 'thing', 'x', { ifVersion: 0 })).toMatchObject({ ok: true });
});

it('everysec: soon after, with all that came meanwhile; what is erased at once', async () => {
  const { sessions, turn, events, heard } = await setUp('everysec');
  await turn('one');
  await turn('two');
  expect(events).toEqual(['insert', 'told one', 'insert', 'told two']);
  await eventually(() => events.length > 4);
  expect(events.slice(4)).toEqual(['synced']);
  events.length = 0;
  expect(await sessions.erase(REF)).toBe(true);
  expect(events).toEqual(['delete', 'delete', 'synced']);
  expect(heard.filter(Boolean)).toEqual([]);
});

it('a lease on a piece of work waits for no disk', async () => {
  const { sessions, turn, events } = await setUp('always', 'session_leases');
  await turn('one');
  events.length = 0;
  expect(await sessions.lease(REF, 'compaction', 'a', 60_000)).toBe(true);
  await sessions.unlease(REF, 'compaction', 'a');
  expect(events).toEqual(['insert', 'delete']);
});
