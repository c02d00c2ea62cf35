// What ended is let go of in steps that hold nobody up.
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Commits } from '../../../src/stores/sqlite/commits.ts';
import { openDatabase } from '../../../src/stores/sqlite/database.ts';
import { SqliteDocuments } from '../../../src/stores/sqlite/documents.ts';
import { SqliteSessions } from '../../../src/stores/sqlite/sessions.ts';
import { SqliteStore } from '../../../src/stores/sqlite/store.ts';
import { commitOptions, DAY, draft, type Open, reserveOptions } from '../../conformance/session-drafts.ts';

const MB = 1024 * 1024;

interface Stored {
  readonly turns: number;
  readonly bytes: number;
}

function world() {
  let now = 1_700_000_000_000;
  const database = openDatabase();
  const commits = new Commits(database, () => undefined);
  const sessions = new SqliteSessions(database, commits, () => now);
  onTestFinished(async () => {
    await commits.close();
    database.close();
  });
  /** So many turns of one session, each of so many bytes. */
  const said = async (session: string, turns: number, bytes: number): Promise<void> => {
    const ref = { tenant: 'app', session };
    const first = draft('first');
    const from = (await sessions.reserve(ref, reserveOptions(first.id, { key: 'k' }))) as Open;
    const all = [first, ...Array.from({ length: turns - 1 }, () => draft('next'))];
    const key = { key: 'k' };
    await Promise.all(
      all.map((turn) =>
        sessions.commit(
          ref,
          commitOptions({ ...turn, content: 'x'.repeat(bytes) }, from, turn === first ? key : {}),
        ),
      ),
    );
  };
  /** So many sessions in which nothing is said. */
  const begun = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, at) =>
        sessions.reserve({ tenant: 'app', session: `empty-${at}` }, reserveOptions(`turn-${at}`)),
      ),
    );
  return {
    said,
    begun,
    stored: () => storedIn(database),
    rowsOf: (table: string) => database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows,
    pass: (ms: number) => {
      now += ms;
    },
    /** What each step took, until there is no more. */
    async purge(): Promise<Stored[]> {
      const steps: Stored[] = [];
      for (let isOver = false; !isOver; ) {
        const before = storedIn(database);
        isOver = !(await sessions.purge());
        const after = storedIn(database);
        steps.push({ turns: before.turns - after.turns, bytes: before.bytes - after.bytes });
      }
      return steps;
    },
  };
}

const storedIn = (database: DatabaseSync): Stored =>
  database
    .prepare('SELECT count(*) AS turns, CAST(total(octet_length(content)) AS INTEGER) AS bytes FROM turns')
    .get() as unknown as Stored;

it('of long turns a step takes some megabytes', async () => {
  const { said, stored, rowsOf, pass, purge } = world();
  for (const session of ['a', 'b', 'c']) await said(session, 3, 3 * MB);
  expect(stored()).toEqual({ turns: 9, bytes: 27 * MB });
  pass(2 * DAY);
  const steps = await purge();
  expect(Math.max(...steps.map(({ bytes }) => bytes))).toBeLessThanOrEqual(7 * MB);
  expect(stored()).toEqual({ turns: 0, bytes: 0 });
  // All else of theirs is gone too, and it is still known that they ended.
  expect(['session_requests', 'session_leases', 'sessions'].map(rowsOf)).toEqual([0, 0, 3]);
});

it('a turn that is larger than all that a step takes goes by itself', async () => {
  const { said, stored, pass, purge } = world();
  await said('a', 1, 30 * MB);
  pass(2 * DAY);
  expect(await purge()).toEqual([{ turns: 1, bytes: 30 * MB }]);
  expect(stored()).toEqual({ turns: 0, bytes: 0 });
});

it('of short turns a step takes a thousand', async () => {
  const { said, stored, rowsOf, pass, purge } = world();
  for (const session of ['a', 'b']) await said(session, 1500, 10);
  pass(2 * DAY);
  const steps = await purge();
  expect(Math.max(...steps.map(({ turns }) => turns))).toBeLessThanOrEqual(1024);
  expect(stored().turns).toBe(0);
  // And all of it once they ended long ago.
  pass(40 * DAY);
  await purge();
  expect(rowsOf('sessions')).toBe(0);
});

it('past those that are empty it goes a thousand a step, once', async () => {
  const { said, begun, stored, rowsOf, pass, purge } = world();
  await begun(2500);
  for (const session of ['a', 'b', 'c']) await said(session, 1, 5 * MB);
  pass(2 * DAY);
  const turns = (await purge()).map((step) => step.turns);
  expect(turns).toEqual([0, 0, 1, 1, 1]);
  expect([stored().turns, rowsOf('sessions')]).toEqual([0, 2503]);
  // The next round sees all of them.
  pass(40 * DAY);
  await purge();
  expect(rowsOf('sessions')).toBe(0);
});

it('one that takes longer than until the next is the only one', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const rounds: ((isMore: boolean) => void)[] = [];
  const first = vi.spyOn(SqliteDocuments.prototype, 'purge');
  first.mockImplementation(() => new Promise((resolve) => void rounds.push(resolve)));
  onTestFinished(() => first.mockRestore());
  const over = Promise.withResolvers<boolean>();
  const last = vi.spyOn(SqliteSessions.prototype, 'purge').mockReturnValue(over.promise);
  onTestFinished(() => last.mockRestore());
  const store = new SqliteStore({ name: 'here' });
  onTestFinished(() => store.close());
  vi.advanceTimersByTime(100_000);
  expect(rounds).toHaveLength(1);
  rounds[0]?.(false);
  await vi.waitUntil(() => last.mock.calls.length > 0, 10_000);
  vi.advanceTimersByTime(100_000);
  expect(rounds).toHaveLength(1);
  over.resolve(false);
  await turn();
  vi.advanceTimersByTime(31_000);
  expect(rounds).toHaveLength(2);
  rounds[1]?.(false);
});
