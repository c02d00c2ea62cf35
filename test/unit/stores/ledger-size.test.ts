// How many rows the books have is kept beside them: to count them stops the process for as long as it takes to read them all.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import type { LedgerRow } from '../../../src/contracts/ledger.ts';
import { Commits } from '../../../src/stores/sqlite/commits.ts';
import { openDatabase } from '../../../src/stores/sqlite/database.ts';
import { SqliteLedger } from '../../../src/stores/sqlite/ledger.ts';

const rows = (from: number, to: number): LedgerRow[] =>
  Array.from({ length: to - from }, (_, i) => ({ id: `r${from + i}`, at: from + i }) as LedgerRow);

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'));
  const path = join(folder, 'store.db');
  const opened: DatabaseSync[] = [];
  onTestFinished(async () => {
    for (const database of opened) database.close();
    await rm(folder, { recursive: true, force: true });
  });
  /** As another process opens it. */
  const open = () => {
    const database = openDatabase(path);
    opened.push(database);
    const ledger = new SqliteLedger(database, new Commits(database, () => undefined));
    const said = (sql: string) => Object.values(database.prepare(sql).get() ?? {});
    return {
      ledger,
      counted: () => said('SELECT count(*), min(at) FROM ledger'),
      kept: () => said('SELECT rows FROM ledger_size')[0],
    };
  };
  return { path, open };
}

it('three thousand rows too many go a thousand at a time, the oldest first, and not one more', async () => {
  const { open } = await setUp();
  const { ledger, counted, kept } = open();
  await ledger.append(rows(0, 3500));
  // Those that are there already are no more of them.
  await ledger.append(rows(3400, 3500));
  expect(kept()).toBe(3500);
  const more: [boolean, unknown[]][] = [];
  for (let i = 0; i < 4; i++) more.push([await ledger.forget(0, 500), counted()]);
  expect(more).toEqual([
    [true, [2500, 1000]],
    [true, [1500, 2000]],
    [false, [500, 3000]],
    [false, [500, 3000]],
  ]);
  expect(kept()).toBe(500);
});

it('three thousand that are too old go likewise', async () => {
  const { open } = await setUp();
  const { ledger, counted, kept } = open();
  await ledger.append(rows(0, 3500));
  let turns = 1;
  while (await ledger.forget(3000, 10_000)) turns++;
  expect({ turns, counted: counted(), kept: kept() }).toEqual({ turns: 3, counted: [500, 3000], kept: 500 });
});

it('every process that has the file adds to one number, and goes by it without counting', async () => {
  const { open, path } = await setUp();
  const [one, other] = [open(), open()];
  await one.ledger.append(rows(0, 30));
  await other.ledger.append(rows(30, 60));
  await other.ledger.forget(10, 40);
  await one.ledger.forget(10, 40);
  expect([one.counted(), one.kept()]).toEqual([[40, 20], 40]);
  const third = new DatabaseSync(path);
  third.exec('UPDATE ledger_size SET rows = 42');
  third.close();
  await one.ledger.forget(0, 40);
  expect(one.counted()).toEqual([38, 22]);
});

it('what somebody has deleted by hand drives out nothing', async () => {
  const { open, path } = await setUp();
  const { ledger, counted, kept } = open();
  await ledger.append(rows(0, 50));
  await ledger.forget(0, 40);
  const byHand = new DatabaseSync(path);
  byHand.exec('DELETE FROM ledger WHERE at < 30');
  byHand.close();
  await ledger.append(rows(50, 65));
  await ledger.forget(0, 40);
  expect([counted(), kept()]).toEqual([[35, 30], 35]);
});

it('a file of the version before is counted once, as it is opened', async () => {
  const { open, path } = await setUp();
  await open().ledger.append(rows(0, 30));
  const before = new DatabaseSync(path);
  before.exec(
    `DROP TRIGGER ledger_gone; DROP TABLE ledger_size;
     ALTER TABLE sessions DROP COLUMN reset; ALTER TABLE sessions DROP COLUMN reset_head;
     PRAGMA user_version = 8`,
  );
  before.close();
  const { ledger, counted, kept } = open();
  expect(kept()).toBe(30);
  await ledger.forget(0, 25);
  expect(counted()).toEqual([25, 5]);
});

it('what is forgotten is found by its place, and not row by row', async () => {
  const database = openDatabase();
  onTestFinished(() => database.close());
  const plan = database.prepare('EXPLAIN QUERY PLAN DELETE FROM ledger WHERE (at, id) < (?, ?)').all(1, '');
  expect(plan.map(({ detail }) => detail)).toEqual(['SEARCH ledger USING PRIMARY KEY ((at,id)<(?,?))']);
});
