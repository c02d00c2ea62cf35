import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Renewals } from '../../../src/mcp/hosted/renewals.ts';
import type { McpServer } from '../../../src/mcp/server.ts';

const SERVER = { name: 'notes' } as McpServer;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/**
 * @param fails how often a server is not there yet
 * @param takesMs until that, or that it is there, is known
 */
function renewing(fails: number, takesMs = 0) {
  const state = { isThere: false, left: fails };
  /** Seconds. */
  const tried: number[] = [];
  const began = Date.now();
  const renewals = new Renewals({
    now: () => Date.now() - began,
    open: async () => {
      tried.push((Date.now() - began) / 1000);
      if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
      if (state.left-- > 0) throw new Error('not there');
      state.isThere = true;
    },
    isThere: () => state.isThere,
    onFailed: () => undefined,
  });
  const forget = (): void => {
    state.isThere = false;
    renewals.begin(SERVER);
  };
  return { renewals, state, tried, forget };
}

it('who is forgotten is at its server again at once, or later, ever more rarely', async () => {
  const { tried, state, forget } = renewing(3);
  forget();
  await vi.advanceTimersByTimeAsync(200_000);
  expect(tried).toEqual([0, 5, 15, 35]);
  expect(state.isThere).toBe(true);
  // A good while later it is as the first time.
  forget();
  await vi.advanceTimersByTimeAsync(0);
  expect(tried.at(-1)).toBe(200);
});

it('a server that is long in failing is waited for as one that fails at once', async () => {
  const { tried, forget } = renewing(4, 30_000);
  forget();
  await vi.advanceTimersByTimeAsync(300_000);
  // Five seconds from the end of the first, then ten, twenty, forty.
  expect(tried).toEqual([0, 35, 75, 125, 195]);
});

it('at a server that forgets it again and again it begins every five seconds', async () => {
  const { tried, forget } = renewing(0);
  for (let i = 0; i < 39; i++) {
    forget();
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(tried).toEqual([0, 5, 10, 15]);
});

it('nothing is tried for a session that is over, nor where a call has opened it meanwhile', async () => {
  const over = renewing(1);
  over.forget();
  await vi.advanceTimersByTimeAsync(0);
  over.renewals.close();
  const opened = renewing(1);
  opened.forget();
  await vi.advanceTimersByTimeAsync(0);
  opened.state.isThere = true;
  await vi.advanceTimersByTimeAsync(600_000);
  expect([over.tried, opened.tried]).toEqual([[0], [0]]);
  // That call was a success, too: it waits no longer than at first.
  opened.state.left = 2;
  opened.forget();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(opened.tried).toEqual([0, 600, 605, 615]);
});
