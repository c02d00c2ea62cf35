/**
 * undici counts times above a second, and all that a connection waits for, in ticks of 499 ms that it takes for whole ones:
 * what begins just before a tick is up to one too early (lib/util/timers.js of 7.30).
 */
const TICK_MS = 499;

/**
 * A time for undici to wait that is never over early: up to 1 s late.
 * @param ms 0: for ever
 */
export const neverEarly = (ms: number): number => (ms === 0 ? 0 : ms + TICK_MS);
