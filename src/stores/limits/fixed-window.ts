import type { Algorithm } from './algorithm.ts';

/** One count, which ends with its window. Cheap, and lets twice the limit pass around the end of a window. */
export const fixedWindow: Algorithm = {
  empty: () => undefined,
  lifeMs: ({ windowMs }) => windowMs,
  neededMs: () => 0,
  advance: () => undefined,
  free: ({ value }, { limit }) => limit - value,
  waitMs: ({ endsAt }, _limit, _cost, now) => Math.ceil(endsAt - now),
  resetMs: ({ endsAt }, _limit, now) => Math.ceil(endsAt - now),
  take(window, _limit, cost) {
    window.value += cost;
  },
};
