// `store.sync`: when a turn of a conversation is on the disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Commits } from '../../../src/stores/sqlite/commits.ts';
import { logSync, openDatabase } from '../../../src/stores/sqlite/database.ts';
import { SqliteSessions } from '../../../src/stores/sqlite/sessions.ts';
import { commitOptions, draft, type Open, reserveOptions } from '../../conformance/session-drafts.ts';
import { eventually } from '../../helpers/gateway.ts';

const REF = { tenant: 'app', session: 's1' };
/** As SQLite has them. */
const [NORMAL, FULL] = [1, 2];

async function setUp(sync: 'everysec' | 'always', table = 'turns') {
  const folder = await mkdtemp(join(tmpdir(), 'sync-'));
  const path = join(folder, 'store.db');
  const database = openDatabase(path);
  onTestFinished(async () => {
    database.close();
    await rm(folder, { recursive: true, force: true });
  });
  const heard: (Error | undefined)[] = [];
  const synced: string[] = [];
  const bring = logSync(path);
  const commits = new Commits(
    database,
    (error) => heard.push(error),
    async () => {
      await bring();
      synced.push('log');
    },
  );
  // What a commit waits for is told by the database itself, from within it.
  const waits: unknown[] = [];
  const setting = database.prepare('PRAGMA synchronous');
  database.function('note_wait', () => {
    waits.push(setting.get()?.synchronous);
    return null;
  });
  for (const what of [`INSERT ON ${table}`, `DELETE ON ${table}`])
    database.exec(`CREATE TEMP TRIGGER "${what}" AFTER ${what} BEGIN SELECT note_wait(); END`);
  const sessions = new SqliteSessions(database, commits, Date.now, sync);
  const turn = async (said: string): Promise<void> => {
    const made = draft(said);
    const reserved = (await sessions.reserve(REF, reserveOptions(made.id))) as Open;
    expect(await sessions.commit(REF, commitOptions(made, reserved))).toMatchObject({ kind: 'committed' });
  };
  return { sessions, turn, waits, synced, heard };
}

it('always: before it is acknowledged', async () => {
  const { turn, waits, synced, heard } = await setUp('always');
  await turn('one');
  await turn('two');
  expect(waits).toEqual([FULL, FULL]);
  expect(synced).toEqual([]);
  expect(heard.filter(Boolean)).toEqual([]);
});

it('everysec: soon after, with all that came meanwhile; what is erased at once', async () => {
  const { sessions, turn, waits, synced, heard } = await setUp('everysec');
  await turn('one');
  await turn('two');
  expect(waits).toEqual([NORMAL, NORMAL]);
  await eventually(() => synced.length > 0);
  expect(synced).toEqual(['log']);
  waits.length = 0;
  expect(await sessions.erase(REF)).toBe(true);
  expect(waits).toEqual([FULL, FULL]);
  expect(heard.filter(Boolean)).toEqual([]);
});

it('a lease on a piece of work waits for no disk', async () => {
  const { sessions, turn, waits } = await setUp('always', 'session_leases');
  await turn('one');
  waits.length = 0;
  expect(await sessions.lease(REF, 'compaction', 'a', 60_000)).toBe(true);
  await sessions.unlease(REF, 'compaction', 'a');
  expect(waits).toEqual([NORMAL, NORMAL]);
});
