import { expect, it, onTestFinished } from 'vitest';
import { ContextMeters } from '../../../src/context/meters.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import { WriteBehind } from '../../../src/context/write-behind.ts';
import type { CommitOptions, Sessions } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { commitOptions, draft, newId, type Open, reserveOptions } from '../../conformance/session-drafts.ts';

const ref = { tenant: 'app', session: 's1' };

function writing(sessions: Pick<Sessions, 'commit' | 'release'>) {
  const lines: string[] = [];
  const { logger } = openLog('error', { write: (line: string) => lines.push(line) });
  const metrics = openMetrics({ process: false });
  const meters = new ContextMeters(metrics);
  const operations = new OperationLog(logger, meters);
  const behind = new WriteBehind({ sessions, meters, operations, log: logger });
  const count = async (outcome: string) =>
    new RegExp(`gateway_context_operations_total{op="write-behind",outcome="${outcome}"} (\\d+)`).exec(
      await metrics.metrics(),
    )?.[1];
  return { behind, lines, count };
}

function world() {
  const store = { isDown: true, committed: 0 };
  const { behind, lines, count } = writing({
    commit: async () => {
      if (store.isDown) throw new StoreUnavailable('it is down');
      store.committed++;
      return { kind: 'committed', version: 1, staleBase: false, repeated: false };
    },
    release: async () => undefined,
  });
  const head = { generation: 1, version: 0, head: '', count: 0 };
  for (const said of ['one', 'two'])
    behind.push(ref, commitOptions(draft(said), { fence: 1, head: head as never }));
  return { store, behind, lines, count };
}

/** A store to which a turn comes late: it was announced, and another one was committed since. */
async function overtaken(key: string) {
  const store = await openStore('memory:', {});
  onTestFinished(() => store.close());
  const { sessions } = store;
  const late = draft('late');
  const from = (await sessions.reserve(ref, reserveOptions(late.id, { key }))) as Open;
  const options = commitOptions(late, from, { key });
  await sessions.commit(ref, commitOptions(draft('first'), from, { key }));
  return { sessions, options, ...writing(sessions) };
}

it('a turn that wanted nobody to come between is kept behind who did: its client has the answer', async () => {
  const { sessions, options, behind, lines, count } = await overtaken('');
  behind.push(ref, { ...options, exact: true });
  expect(await behind.flush()).toBe(true);
  const view = await sessions.read(ref);
  expect(view?.turns[1]).toMatchObject({ id: options.turn.id, staleBase: true, hash: '' });
  expect([await count('committed'), lines]).toEqual(['1', []]);
});

it('a turn that has no place any more is told as lost, and its reservation is given back', async () => {
  const { sessions, options, behind, lines, count } = await overtaken('k');
  behind.push(ref, options);
  expect(await behind.flush()).toBe(true);
  expect(await count('lost')).toBe('1');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'error', session: 's1', turn: options.turn.id },
  ]);
  expect(await sessions.reserve(ref, reserveOptions(newId()))).toMatchObject({ pending: 0 });
});

it('a turn that the store never takes holds up no other conversation', async () => {
  const taken: string[] = [];
  const { behind } = writing({
    commit: async ({ session }) => {
      if (session === 's1') throw new StoreUnavailable('it is too large');
      taken.push(session);
      return { kind: 'committed', version: 1, staleBase: false, repeated: false };
    },
    release: async () => undefined,
  });
  const head = { generation: 1, version: 0, head: '', count: 0 };
  const others = [ref, { tenant: 'app', session: 's2' }, { tenant: 'app', session: 's3' }];
  for (const other of others)
    behind.push(other, commitOptions(draft('hello'), { fence: 1, head: head as never }));
  expect(await behind.flush()).toBe(false);
  expect(taken).toEqual(['s2', 's3']);
  expect(others.map((other) => behind.has(other))).toEqual([true, false, false]);
  // Those that were taken are not sent again.
  expect(await behind.flush()).toBe(false);
  expect(taken).toEqual(['s2', 's3']);
});

it('a turn is sent again as one that may have arrived: megabytes are asked about first', async () => {
  const sent: CommitOptions[] = [];
  const { behind } = writing({
    commit: async (_, options) => {
      sent.push(options);
      return { kind: 'committed', version: 1, staleBase: false, repeated: true };
    },
    release: async () => undefined,
  });
  const head = { generation: 1, version: 0, head: '', count: 0 };
  behind.push(ref, commitOptions(draft('hello'), { fence: 1, head: head as never }));
  expect(await behind.flush()).toBe(true);
  expect(sent).toMatchObject([{ isRepeat: true }]);
});

it('turns that the store has not taken when the gateway ends are told as lost', async () => {
  const { behind, lines, count } = world();
  await behind.close();
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 'error', turns: 2 }]);
  expect(await count('lost')).toBe('2');
});

it('turns that it takes at the end are not', async () => {
  const { store, behind, lines } = world();
  store.isDown = false;
  await behind.close();
  expect([store.committed, behind.has(ref), lines]).toEqual([2, false, []]);
});
