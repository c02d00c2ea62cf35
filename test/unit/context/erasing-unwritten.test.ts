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
import type { SessionRef, Sessions } from '../../../src/contracts/session.ts';
import { type Store, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { commitOptions, draft, speakerIn } from '../../conformance/session-drafts.ts';
import { type Place, places } from '../../conformance/store-places.ts';

vi.setConfig({ testTimeout: 60_000 });

const PRIVACY = { redact: [], encryptWith: '', decryptWith: [] };
const S1 = { tenant: 'app', session: 's1' };

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
  const line = { isUp: false };
  /** As a line to the store has it that breaks. */
  const told = new Proxy(sessions, {
    get: (_, name: 'reserve' | 'commit' | 'renew' | 'release') =>
      line.isUp
        ? sessions[name].bind(sessions)
        : () => Promise.reject(new StoreUnavailable('the line is broken')),
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
  /** Somebody was answered, and the store did not take it. */
  const waits = async (ref: SessionRef, user: string, owner = digestOf(user)): Promise<void> => {
    const turn = draft(`what ${user} said`);
    const { open } = speakerIn(() => before);
    const options = commitOptions(turn, await open(ref, { turn: turn.id, owner }));
    behind.push(ref, options, { owner, speaker: () => digestOf(user) });
  };
  const turnsIn = async (ref: SessionRef): Promise<number> => (await sessions.read(ref))?.turns.length ?? 0;
  const count = async (outcome: string): Promise<number> => {
    const sample = `gateway_context_operations_total{op="write-behind",outcome="${outcome}"} (\\d+)`;
    return Number(new RegExp(sample).exec(await metrics.metrics())?.[1] ?? 0);
  };
  return { sessions, line, behind, erasing, waits, turnsIn, count };
}

const WAYS: readonly [string, (erasing: Erasing) => Promise<unknown>, unknown][] = [
  ['the conversation', (erasing) => erasing.session(S1), true],
  ['its user', (erasing) => erasing.user('app', 'ann'), 1],
  ['its consumer', (erasing) => erasing.tenant('app'), { sessions: 1, key: false }],
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
