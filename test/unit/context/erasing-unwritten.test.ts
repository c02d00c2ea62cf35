// A store comes back without some conversations. Turns of theirs wait in this process, and somebody has them erased.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Erasing } from '../../../src/context/erasing.ts';
import { ContextMeters } from '../../../src/context/meters.ts';
import { OpenedSessions } from '../../../src/context/opened-sessions.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import { ownersOf } from '../../../src/context/owner.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import { WriteBehind } from '../../../src/context/write-behind.ts';
import type { Committed, SessionRef, Sessions } from '../../../src/contracts/session.ts';
import { type Store, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { commitOptions, draft, speakerIn } from '../../conformance/session-drafts.ts';
import { type Place, places } from '../../conformance/store-places.ts';

vi.setConfig({ testTimeout: 60_000 });

const PRIVACY = { redact: [], encryptWith: '', decryptWith: [] };
const S1 = { tenant: 'app', session: 's1' };

/** Somebody comes, and goes on when they are let go. */
function gate() {
  const [here, on] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pass = (): Promise<void> => {
    here.resolve();
    return on.promise;
  };
  return { pass, came: here.promise, letGo: on.resolve };
}

/** Somebody is answered, and as that comes to a call of the store something is erased. */
async function during<Told, Erased>(
  call: string,
  line: { before(call: string): Promise<void> },
  answer: () => Promise<Told>,
  erase: () => Promise<Erased>,
): Promise<{ told: Told; erased: Erased }> {
  const calling = gate();
  line.before = async (each) => (each === call ? calling.pass() : undefined);
  const told = answer();
  await calling.came;
  const erased = erase();
  // As long as anybody likes: it is not over before the call is.
  await sleep(20);
  calling.letGo();
  return { told: await told, erased: await erased };
}

async function storeOf(make: () => Promise<Place>): Promise<Store> {
  const place = await make();
  const store = await place.open();
  onTestFinished(async () => {
    await store.close();
    await place.remove();
  });
  return store;
}

/** One store, then another in its place; turns reach the new one only where `isUp`. */
async function world(make: () => Promise<Place>) {
  const [before, store] = [await storeOf(make), await storeOf(make)];
  const { sessions, documents } = store;
  const line = { isUp: false, before: async (_call: string): Promise<void> => undefined };
  /** As a line to the store has it that breaks. */
  const told = new Proxy(sessions, {
    get:
      (_, name: 'reserve' | 'commit' | 'renew' | 'release') =>
      async (...given: never[]): Promise<unknown> => {
        await line.before(name);
        if (!line.isUp) throw new StoreUnavailable('the line is broken');
        return (sessions[name] as (...given: never[]) => Promise<unknown>).apply(sessions, given);
      },
  });
  const { logger: log } = openLog('silent', { write: () => undefined });
  const metrics = openMetrics({ process: false });
  const meters = new ContextMeters(metrics);
  const operations = new OperationLog(log, meters);
  const behind = new WriteBehind({ sessions: told, meters, operations, log });
  const privacy = openPrivacy(() => PRIVACY, documents, Date.now);
  const mind = { forget: () => undefined };
  const erasing = new Erasing({
    sessions,
    privacy,
    mind,
    opened: new OpenedSessions(),
    behind,
    operations,
  });
  const seal = await privacy.of('app');
  const digestOf = (user: string): string => ownersOf(seal, 'app', user)[0] ?? '';
  const announced = async (ref: SessionRef, user: string, owner: string) => {
    const turn = draft(`what ${user} said`);
    const { open } = speakerIn(() => before);
    const options = commitOptions(turn, await open(ref, { turn: turn.id, owner }));
    return { options, whose: { owner, speaker: () => digestOf(user) } };
  };
  /** Somebody was answered, and the store did not take it. */
  const waits = async (ref: SessionRef, user: string, owner = digestOf(user)): Promise<void> => {
    const { options, whose } = await announced(ref, user, owner);
    behind.push(ref, options, whose);
  };
  /** Somebody is answered. */
  const answered = async (ref: SessionRef, user: string): Promise<readonly Committed[] | undefined> => {
    const { options, whose } = await announced(ref, user, digestOf(user));
    return behind.commit(ref, [options], whose);
  };
  const turnsIn = async (ref: SessionRef): Promise<number> => (await sessions.read(ref))?.turns.length ?? 0;
  const count = async (outcome: string): Promise<number> => {
    const sample = `gateway_context_operations_total{op="write-behind",outcome="${outcome}"} (\\d+)`;
    return Number(new RegExp(sample).exec(await metrics.metrics())?.[1] ?? 0);
  };
  return { sessions, line, behind, erasing, waits, answered, turnsIn, count };
}

const WAYS: readonly [string, (erasing: Erasing) => Promise<unknown>, unknown][] = [
  ['the conversation', (erasing) => erasing.session(S1), true],
  ['its user', (erasing) => erasing.user('app', 'ann'), 1],
  ['its consumer', (erasing) => erasing.tenant('app'), { sessions: 1, key: false }],
];

/** Where erasing fails: the call that the store does not answer. */
const FAILS: readonly ['read' | 'list' | 'erase', string, (erasing: Erasing) => Promise<unknown>][] = [
  ['read', 'the conversation', (erasing) => erasing.session(S1)],
  ['erase', 'the conversation', (erasing) => erasing.session(S1)],
  ['list', 'its user', (erasing) => erasing.user('app', 'ann')],
  ['list', 'its consumer', (erasing) => erasing.tenant('app')],
];

describe.each(places.filter(({ name }) => name === 'sqlite' || name === 'redis'))('on $name', ({ make }) => {
  it.each(
    WAYS,
  )('what waits of a conversation that is lost does not come back where %s is erased', async (_, erase, said) => {
    const { line, behind, erasing, waits, turnsIn, count } = await world(make);
    await waits(S1, 'ann');
    await waits(S1, 'ann');
    expect(await behind.flush()).toBe(false);
    expect(await erase(erasing)).toEqual(said);
    expect(behind.has(S1)).toBe(false);
    line.isUp = true;
    expect(await behind.flush()).toBe(true);
    expect(await turnsIn(S1)).toBe(0);
    expect([await count('erased'), await count('lost'), await count('committed')]).toEqual([2, 0, 0]);
  });

  it.each(WAYS)('nor what is being written at that moment where %s is erased', async (_, erase, said) => {
    const { sessions, line, behind, erasing, waits, turnsIn } = await world(make);
    await waits(S1, 'ann');
    line.isUp = true;
    const { reserve } = sessions;
    let begin = (): void => undefined;
    const isHeld = new Promise<void>((came) => {
      vi.spyOn(sessions, 'reserve').mockImplementationOnce(
        async (...given: Parameters<Sessions['reserve']>) => {
          came();
          await new Promise<void>((resolve) => {
            begin = resolve;
          });
          return reserve.apply(sessions, given);
        },
      );
    });
    const written = behind.flush();
    await isHeld;
    const erased = erase(erasing);
    // As long as anybody likes: it is not over before the writing is.
    await sleep(20);
    begin();
    expect(await erased).toEqual(said);
    expect(await written).toBe(true);
    expect(await turnsIn(S1)).toBe(0);
    expect((await sessions.read(S1))?.head.state).toBe('erased');
  });

  it.each(
    WAYS,
  )('nor what is written for the first time, and can’t be, while %s is erased', async (_, erase, said) => {
    const { line, behind, erasing, answered, turnsIn, count } = await world(make);
    const { told, erased } = await during(
      'commit',
      line,
      () => answered(S1, 'ann'),
      () => erase(erasing),
    );
    expect([told, erased, behind.has(S1)]).toEqual([undefined, said, false]);
    line.isUp = true;
    expect(await behind.flush()).toBe(true);
    expect([await turnsIn(S1), await count('erased')]).toEqual([0, 1]);
  });

  it.each(
    WAYS,
  )('nor what is about to begin its conversation anew while %s is erased', async (_, erase, said) => {
    const { sessions, line, erasing, answered, turnsIn } = await world(make);
    line.isUp = true;
    const { erased } = await during(
      'reserve',
      line,
      () => answered(S1, 'ann'),
      () => erase(erasing),
    );
    expect([erased, await turnsIn(S1)]).toEqual([said, 0]);
    expect((await sessions.read(S1))?.head.state).toBe('erased');
  });

  it('nor what is answered when the store has erased the conversation, and nobody knows yet', async () => {
    const { sessions, line, behind, erasing, answered, turnsIn, count } = await world(make);
    line.isUp = true;
    const answering = gate();
    const { erase } = sessions;
    vi.spyOn(sessions, 'erase').mockImplementationOnce(async (...given) => {
      const was = await erase.apply(sessions, given);
      await answering.pass();
      return was;
    });
    const erased = erasing.session(S1);
    await answering.came;
    expect(await answered(S1, 'ann')).toBeUndefined();
    answering.letGo();
    expect(await erased).toBe(true);
    expect([behind.has(S1), await turnsIn(S1), await count('erased')]).toEqual([false, 0, 1]);
  });

  it.each(
    FAILS,
  )('where the store does not answer (%s) while %s is erased nothing is dropped', async (call, _, erase) => {
    const { sessions, line, behind, erasing, waits, answered, turnsIn, count } = await world(make);
    await waits(S1, 'ann');
    const failing = gate();
    const store = vi.spyOn(sessions, call).mockImplementationOnce(async () => {
      await failing.pass();
      throw new StoreUnavailable('it is away');
    });
    const erased = expect(erase(erasing)).rejects.toThrow(StoreUnavailable);
    await failing.came;
    // As long as nobody knows what becomes of it nothing is written, and nobody goes on without it.
    expect(behind.has(S1)).toBe(true);
    line.isUp = true;
    expect(await answered(S1, 'ann')).toBeUndefined();
    expect(await behind.flush()).toBe(true);
    expect([behind.has(S1), await turnsIn(S1)]).toEqual([true, 0]);
    failing.letGo();
    await erased;
    store.mockRestore();
    expect(await behind.flush()).toBe(true);
    expect([await turnsIn(S1), await count('committed'), await count('erased')]).toEqual([2, 2, 0]);
    expect(await erase(erasing)).not.toBe(false);
    expect(await turnsIn(S1)).toBe(0);
  });

  it('only who it belongs to has a conversation erased by its name', async () => {
    const { line, behind, erasing, waits, turnsIn } = await world(make);
    await waits(S1, 'ann');
    expect([await erasing.session(S1, ''), behind.has(S1)]).toEqual([false, true]);
    line.isUp = true;
    expect(await behind.flush()).toBe(true);
    expect([await erasing.session(S1, ''), await turnsIn(S1)]).toEqual([false, 1]);
  });

  it('a conversation of nobody goes with whoever spoke in it, as a whole; what others said elsewhere is written', async () => {
    const { line, behind, erasing, waits, turnsIn, count } = await world(make);
    const others: SessionRef[] = [
      { tenant: 'app', session: 's2' },
      { tenant: 'app', session: 's3' },
      { tenant: 'shop', session: 's1' },
    ];
    await waits(S1, 'bob', '');
    await waits(S1, 'ann', '');
    for (const other of others) await waits(other, 'bob', '');
    expect(await erasing.user('app', 'ann')).toBe(1);
    expect([S1, ...others].map((ref) => behind.has(ref))).toEqual([false, true, true, true]);
    line.isUp = true;
    expect(await behind.flush()).toBe(true);
    expect(await Promise.all([S1, ...others].map(turnsIn))).toEqual([0, 1, 1, 1]);
    expect([await count('erased'), await count('committed')]).toEqual([2, 3]);
  });
});
