import { expect, it } from 'vitest';
import { type Documents, StoreUnavailable } from '../../../src/contracts/store.ts';
import { Patience, PatientDocuments } from '../../../src/mcp/patience.ts';
import { isAlive } from '../../../src/mcp/replicas/is-alive.ts';

/** A store that is away for a while, in time that passes only while it is waited for. */
function away(forMs: number) {
  let now = 1000;
  let asked = 0;
  let backAt = now + forMs;
  const get = async () => {
    asked++;
    if (now < backAt) throw new StoreUnavailable('it is away');
    return { id: 'a', version: 1, value: 'here' };
  };
  const patience = new Patience({
    monotonic: () => now,
    wait: async (ms) => {
      now += ms;
    },
  });
  const patient = new PatientDocuments({ get } as unknown as Documents, patience);
  return {
    patience,
    patient,
    asked: () => asked,
    now: () => now,
    pass: (ms: number, thenAwayMs: number) => {
      now += ms;
      backAt = now + thenAwayMs;
    },
  };
}

it('a store that is back in time is waited for', async () => {
  const { patient, now } = away(3000);
  expect(await patient.get('x', 'a')).toMatchObject({ value: 'here' });
  expect(now()).toBeGreaterThanOrEqual(4000);
});

it('one that stays away is waited for once: who comes later hears of it at once', async () => {
  const { patient, asked, now, pass } = away(60_000);
  await expect(patient.get('x', 'a')).rejects.toThrow('it is away');
  const waited = now();
  const before = asked();
  await expect(patient.get('x', 'a')).rejects.toThrow('it is away');
  expect([now() - waited, asked() - before]).toEqual([0, 1]);
  // It was back, and goes once more: that is another time.
  pass(1000, 0);
  await patient.get('x', 'a');
  pass(1000, 2000);
  expect(await patient.get('x', 'a')).toMatchObject({ value: 'here' });
});

it('another error is nobody’s to wait for', async () => {
  const get = async () => {
    throw new RangeError('no such thing');
  };
  const clock = { monotonic: () => 0, wait: () => Promise.reject(new Error('it waited')) };
  const patient = new PatientDocuments({ get } as unknown as Documents, new Patience(clock));
  await expect(patient.get('x', 'a')).rejects.toThrow('no such thing');
});

it('a replica that a store has forgotten while it was away is waited for, and not taken for gone', async () => {
  const { patience, patient } = away(1000);
  let looks = 0;
  // Who lives is written again by the replica itself, some time after the store is back.
  const documents = {
    get: async () => {
      await patient.get('x', 'a');
      return ++looks < 3 ? undefined : { id: 'r', version: 1, value: true };
    },
  } as unknown as Documents;
  expect(await isAlive('r', { documents, patience })).toBe(true);
  const never = { get: async () => undefined } as unknown as Documents;
  expect(await isAlive('r', { documents: never, patience: { isBackSince: () => false } })).toBe(false);
});
