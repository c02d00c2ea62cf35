import type { Asker } from './hash-key.ts';

/** What a picker must know of a target. */
export interface Balanced {
  /** Names it to the hash: the same in every process. */
  readonly url: string;
  readonly load: Load;
}

/** How busy a target is, as of now. */
export interface Load {
  readonly inFlight: number;
  /** Milliseconds of an answer, at the time `now` of the monotonic clock; 0 = not known. */
  latency(now: number): number;
}

/** A target that may be picked, with its say. */
export interface Member<T extends Balanced> {
  readonly target: T;
  /** Whole, at least 1. */
  readonly weight: number;
}

/** Chooses among members that were given when it was made. Made anew when they or their weights change. */
export interface Picker<T extends Balanced> {
  /**
   * @param avoid targets that were tried already
   * @param asker who asks: only a hash wants to know
   * @returns undefined if every member is to be avoided, or there is none
   */
  pick(avoid: ReadonlySet<T> | undefined, asker: Asker | undefined): T | undefined;
}

/** From 0 (inclusive) to 1: `Math.random`, or a seeded one. */
export type Random = () => number;
