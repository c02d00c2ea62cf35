import { expect, it, onTestFinished, vi } from 'vitest';
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

const whose = { owner: '', speaker: () => '' };

function writing(some: Partial<Sessions>) {
  const sessions = some as Sessions;
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
    behind.push(ref, commitOptions(draft(said), { fence: 1, head: head as never }), whose);
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
  behind.push(ref, { ...options, exact: true }, whose);
  expect(await behind.flush()).toBe(true);
  const view = await sessions.read(ref);
  expect(view?.turns[1]).toMatchObject({ id: options.turn.id, staleBase: true, hash: '' });
  expect([await count('committed'), lines]).toEqual(['1', []]);
});

it('a turn that has no place any more is told as lost, and its reservation is given back', async () => {
  const { sessions, options, behind, lines, count } = await overtaken('k');
  behind.push(ref, options, whose);
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
    behind.push(other, commitOptions(draft('hello'), { fence: 1, head: head as never }), whose);
  expect(await behind.flush()).toBe(false);
  expect(taken).toEqual(['s2', 's3']);
  expect(others.map((other) => behind.has(other))).toEqual([true, false, false]);
  // Those that were taken are not sent again.
  expect(await behind.flush()).toBe(false);
  expect(taken).toEqual(['s2', 's3']);
});

it('nor do as many as are sent at once: of a shard that is away', async () => {
  const taken: string[] = [];
  const { behind } = writing({
    commit: async ({ session }) => {
      if (session.startsWith('away')) throw new StoreUnavailable('its shard is away');
      taken.push(session);
      return { kind: 'committed', version: 1, staleBase: false, repeated: false };
    },
    release: async () => undefined,
  });
  const head = { generation: 1, version: 0, head: '', count: 0 };
  const here = { tenant: 'app', session: 'here' };
  const away = Array.from({ length: 60 }, (_, at) => ({ tenant: 'app', session: `away ${at}` }));
  for (const each of [...away, here])
    behind.push(each, commitOptions(draft('hello'), { fence: 1, head: head as never }), whose);
  await behind.written(here);
  expect(taken).toEqual(['here']);
  await expect(behind.written(away[0] as typeof here)).rejects.toThrow(StoreUnavailable);
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
  behind.push(ref, commitOptions(draft('hello'), { fence: 1, head: head as never }), whose);
  expect(await behind.flush()).toBe(true);
  expect(sent).toMatchObject([{ isRepeat: true }]);
});

it('a turn that is written once more with others of its session is told once', async () => {
  let calls = 0;
  const { behind, count } = writing({
    commit: async () => {
      if (++calls === 2) throw new StoreUnavailable('it is down');
      return { kind: 'committed', version: calls, staleBase: false, repeated: calls > 2 };
    },
    release: async () => undefined,
  });
  const head = { generation: 1, version: 0, head: '', count: 0 };
  for (const said of ['one', 'two'])
    behind.push(ref, commitOptions(draft(said), { fence: 1, head: head as never }), whose);
  expect(await behind.flush()).toBe(false);
  expect(await behind.flush()).toBe(true);
  expect([calls, await count('committed')]).toEqual([4, '2']);
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

/** A store that comes back empty: turns of a session were announced in the one before it. */
async function emptied(...announced: Parameters<typeof draft>[1][]) {
  const [before, store] = [await openStore('memory:', {}), await openStore('memory:', {})];
  onTestFinished(() => before.close());
  onTestFinished(() => store.close());
  const turns = await Promise.all(
    announced.map(async (more, at) => {
      const turn = draft(`turn ${at}`, more);
      return commitOptions(
        turn,
        (await before.sessions.reserve(ref, reserveOptions(turn.id, { owner: 'ann' }))) as Open,
      );
    }),
  );
  const { sessions } = store;
  const ids = async () => (await sessions.read(ref))?.turns.map(({ id }) => id);
  const anns = { ...whose, owner: 'ann' };
  return { sessions, turns, ids, anns, ...writing(sessions) };
}

it('turns that wait for a store that comes back empty begin their conversation anew, as its owner’s', async () => {
  const { sessions, turns, ids, anns, behind, lines, count } = await emptied({}, {});
  for (const options of turns) behind.push(ref, options, anns);
  expect(await behind.flush()).toBe(true);
  expect(await ids()).toEqual(turns.map(({ turn }) => turn.id));
  expect((await sessions.read(ref))?.head.owner).toBe('ann');
  expect([await count('committed'), await count('lost'), lines]).toEqual(['2', undefined, []]);
});

it('a turn whose conversation others have begun anew as theirs is told as lost', async () => {
  const { sessions, turns, anns, behind, lines, count } = await emptied({});
  const [options] = turns as [CommitOptions];
  vi.spyOn(sessions, 'reserve').mockImplementationOnce(async (...given) => {
    await sessions.reserve(ref, reserveOptions(newId(), { owner: 'bob' }));
    return sessions.reserve(...given);
  });
  behind.push(ref, options, anns);
  expect(await behind.flush()).toBe(true);
  expect(await count('lost')).toBe('1');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'error', session: 's1', turn: options.turn.id },
  ]);
});

it('a conversation that was begun anew and erased before a turn comes to it stays erased', async () => {
  const { sessions, turns, ids, anns, behind } = await emptied({});
  const [options] = turns as [CommitOptions];
  vi.spyOn(sessions, 'reserve').mockImplementationOnce(async (...given) => {
    await sessions.reserve(ref, reserveOptions(newId(), { owner: 'ann' }));
    await sessions.erase(ref);
    return sessions.reserve(...given);
  });
  expect(await behind.commit(ref, [options], anns)).toEqual([{ kind: 'gone' }]);
  expect(await ids()).toEqual([]);
});

it.each([
  'reserve',
  'commit',
] as const)('a turn whose conversation begins anew is there although the store does not answer its %s in time', async (name) => {
  const { sessions, turns, ids, anns, behind, lines } = await emptied({});
  const [options] = turns as [CommitOptions];
  const { reserve, commit } = sessions;
  let isThere = false;
  // What was asked has arrived, and its answer is lost; a commit that comes too late has not.
  vi.spyOn(sessions, 'reserve').mockImplementation(async (...given) => {
    const reserved = await reserve.apply(sessions, given);
    const isLate = name === 'reserve' && !isThere;
    isThere = true;
    if (isLate) throw new StoreUnavailable('it is late');
    return reserved;
  });
  let isSlow = name === 'commit';
  vi.spyOn(sessions, 'commit').mockImplementation(async (...given) => {
    if (!isThere || !isSlow) return commit.apply(sessions, given);
    isSlow = false;
    throw new StoreUnavailable('it is late');
  });
  expect(await behind.commit(ref, [options], anns)).toBeUndefined();
  expect(behind.has(ref)).toBe(true);
  expect(await behind.flush()).toBe(true);
  expect([await ids(), lines]).toEqual([[options.turn.id], []]);
});

it('of turns that begin their conversation anew none is dropped where the first has to be written again', async () => {
  const { sessions, turns, ids, anns, behind, lines } = await emptied({}, {});
  const { reserve, commit } = sessions;
  let isSlow = false;
  vi.spyOn(sessions, 'reserve').mockImplementationOnce(async (...given) => {
    isSlow = true;
    return reserve.apply(sessions, given);
  });
  vi.spyOn(sessions, 'commit').mockImplementation(async (...given) => {
    if (!isSlow) return commit.apply(sessions, given);
    isSlow = false;
    throw new StoreUnavailable('its replica is not there yet');
  });
  for (const options of turns) behind.push(ref, options, anns);
  expect(await behind.flush()).toBe(false);
  expect(await behind.flush()).toBe(true);
  expect([await ids(), lines]).toEqual([turns.map(({ turn }) => turn.id), []]);
});

it('where the store loses a conversation the part of a log that was to come before a turn comes before it anew', async () => {
  const { turns, ids, anns, behind } = await emptied({ kind: 'items' }, {});
  const [part, options] = turns as [CommitOptions, CommitOptions];
  const behindIt = { ...options, mode: 'branch', parent: part.turn.id, base: 1 } as const;
  expect(await behind.commit(ref, [part, behindIt], anns)).toMatchObject([
    { kind: 'committed', version: 1 },
    { kind: 'committed', version: 2 },
  ]);
  expect(await ids()).toEqual([part.turn.id, options.turn.id]);
});

it('who speaks in a conversation of nobody finds it also where the store has lost it meanwhile', async () => {
  const { sessions, turns, behind } = await emptied({});
  await behind.commit(ref, turns, { owner: '', speaker: () => 'ann' });
  const { head } = (await sessions.read(ref)) ?? {};
  expect(head?.owner).toBe('');
  const { sessions: found } = await sessions.list(ref.tenant, { owner: 'ann', limit: 10 });
  expect(found.map(({ session }) => session)).toEqual([ref.session]);
});
