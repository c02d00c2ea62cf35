import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { CounterState, Counters } from '../../src/contracts/store.ts';

type Callback = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The store that @fastify/rate-limit asks for, on the gateway's own counters. */
export function countersStore(counters: Counters): FastifyRateLimitStoreCtor {
  class CountersStore {
    incr(key: string, callback: Callback, timeWindow: number): void {
      const answer = (state: CounterState): void =>
        callback(null, { current: state.value, ttl: state.resetMs });
      try {
        const state = counters.add(key, 1, timeWindow);
        if (state instanceof Promise) state.then(answer, callback);
        else answer(state);
      } catch (error) {
        callback(error as Error);
      }
    }

    child(): CountersStore {
      return this;
    }
  }
  return CountersStore as unknown as FastifyRateLimitStoreCtor;
}
