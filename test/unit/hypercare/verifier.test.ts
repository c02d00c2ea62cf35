import { expect, test, vi } from 'vitest';
import type { Drawn } from '../../../bench/scenarios/world.ts';
import type { Detection } from '../../../src/contracts/finding.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { type Claim, Verifier } from '../../../src/hypercare/verification/verifier.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';

const ACTION: Claim = { claim: 'gave b no traffic', action: 0 };

/** What the verifier makes of a claim, on the counts of the engine that found it. */
function claimOn(
  small: Small,
  detection: Detection | undefined,
  claim: Claim,
  rollBack: () => Promise<void> = async () => undefined,
) {
  let finding = { ...detection, id: 'f1', state: 'acting', history: [], actions: [] } as unknown as Finding;
  const now = () => small.now;
  const verifier = new Verifier({
    book: {
      change: async (_: string, change: (known: Finding) => Finding | undefined) => {
        finding = change(finding) ?? finding;
        return finding;
      },
    } as never,
    engine: {
      watch: (watch) => small.core.watches.add(watch),
      unwatch: (id) => small.core.watches.delete(id),
    },
    now,
    tickMs: () => 10_000,
    revision: () => 2,
    promote: async () => undefined,
    rollBack,
    onResolved: async () => undefined,
  });
  return {
    start: () => verifier.start('f1', claim, 'ada'),
    after: async (ticks: number, each: (one: Drawn, at: number) => void) => {
      const from = small.watched.length;
      small.ticks(ticks, each);
      for (const tick of small.watched.slice(from)) await verifier.take(tick);
      return finding.verification?.state;
    },
    state: () => finding.state,
  };
}

/** Two in a hundred always fail as the shop does; every fifth times out at a target. */
const usual = (one: Drawn, at: number): void => {
  one.target = `http://${'abcd'[at % 4]}:1`;
  if (at % 51 === 7) fail(one);
};
const timesOut = (one: Drawn, at: number): void => {
  usual(one, at);
  if (at % 4 === 1 && at % 5 === 0) Object.assign(one, { reason: 'upstream_timeout', status: 504 });
};

test('a fix is proven though another reason goes on as it always did', async () => {
  const small = new Small({ objectives: [] }).ticks(60, usual).ticks(12, timesOut);
  const [found] = small.opened;
  expect(small.opened.map(({ reason, where }) => [reason, where.scopes])).toEqual([
    ['upstream_timeout', [{ target: 'http://b:1', upstream: 'shop' }]],
  ]);
  expect(found?.what.beside?.expected).toBeCloseTo(0.02, 2);
  const moved = { ...ACTION, scopes: [{ upstream: 'shop' }], dilution: 0.25 };
  const proof = claimOn(small, found, moved);
  await proof.start();
  expect(await proof.after(40, usual)).toBe('fixed');
});

test('no fix is proven by a reason that takes the place of another, nor while it does nothing', async () => {
  const other = (one: Drawn, at: number): void => {
    timesOut(one, at);
    if (one.reason === 'upstream_timeout') Object.assign(one, { reason: 'upstream_connect', status: 502 });
  };
  for (const after of [timesOut, other]) {
    const small = new Small({ objectives: [] }).ticks(60, usual).ticks(12, timesOut);
    const proof = claimOn(small, small.opened[0], ACTION);
    await proof.start();
    expect(await proof.after(40, after)).toBe('not-fixed');
  }
});

test('a fix that failed while the store went away is taken back when it is there again', async () => {
  const small = new Small({ objectives: [] }).ticks(60, usual).ticks(12, timesOut);
  const rollBack = vi
    .fn<() => Promise<void>>()
    .mockResolvedValue(undefined)
    .mockRejectedValueOnce(new StoreUnavailable('away'));
  const proof = claimOn(small, small.opened[0], ACTION, rollBack);
  await proof.start();
  await expect(proof.after(40, timesOut)).rejects.toThrow(StoreUnavailable);
  expect(proof.state()).toBe('verifying');
  expect(await proof.after(1, timesOut)).toBe('not-fixed');
  expect([proof.state(), rollBack.mock.calls.length]).toEqual(['open', 2]);
  await proof.after(2, timesOut);
  expect(small.core.watches.all).toEqual([]);
});
