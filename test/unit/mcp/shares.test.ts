import { expect, it } from 'vitest';
import { Shares } from '../../../src/mcp/hosted/shares.ts';

function held(shares: Shares, principal: string, name: string, ended: string[], busy = false) {
  const holding = { principal, isBusy: () => busy, end: async () => void ended.push(name) };
  shares.hold(holding);
  return holding;
}

it('who has fewer gets one of who has most: what was not used longest, and nothing that works', async () => {
  const shares = new Shares();
  const ended: string[] = [];
  held(shares, 'ada', 'busy', ended, true);
  const used = held(shares, 'ada', 'used', ended);
  held(shares, 'ada', 'old', ended);
  held(shares, 'ada', 'new', ended);
  shares.use(used);
  expect(await shares.makeRoom('bob')).toBe(true);
  held(shares, 'bob', 'his', ended);
  expect(await shares.makeRoom('bob')).toBe(true);
  held(shares, 'bob', 'his second', ended);
  expect(ended).toEqual(['old', 'new']);
  // Two each: neither takes another's.
  expect([await shares.makeRoom('bob'), await shares.makeRoom('ada')]).toEqual([false, false]);
  expect(await shares.makeRoom('cy')).toBe(true);
  expect(ended).toEqual(['old', 'new', 'used']);
});
