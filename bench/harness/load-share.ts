import { cpuMicroseconds } from './cpu.ts';
import { spread } from './statistics.ts';
import { percent } from './wording.ts';

/** Share of its core from which on it counts as full. */
export const FULL = 0.9;

/** Microseconds that this process has used, to the microsecond, and nothing of those that it has started. */
function usedHere(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Adds up what a load has of its core while it is watched, where this process is the load, alone or with others. */
export class LoadShare {
  readonly #others: readonly number[];
  #microseconds = 0;
  #ms = 0;

  /** @param others processes of the load beside this one */
  constructor(others: readonly number[] = []) {
    this.#others = others;
  }

  /** Does something and watches. What the reading of the others' accounts takes is not in it. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    const ofOthers = this.#usedByOthers();
    const began = performance.now();
    const here = usedHere();
    try {
      return await act();
    } finally {
      this.#microseconds += usedHere() - here;
      this.#ms += performance.now() - began;
      this.#microseconds += this.#usedByOthers() - ofOthers;
    }
  }

  /** 0 to 1; NaN if nothing was watched. */
  get share(): number {
    return this.#microseconds / 1_000 / this.#ms;
  }

  #usedByOthers(): number {
    return this.#others.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
  }
}

/** What a load had of its core in one round, and beside what. */
export interface Beside {
  what: string;
  share: number;
}

const medians = (loads: readonly Beside[]): Beside[] =>
  [...Map.groupBy(loads, ({ what }) => what)].map(([what, rounds]) => ({
    what,
    share: spread(rounds.map(({ share }) => share)).median,
  }));

/** Beside whom the load had its core full, at the median of the rounds: what is told of them is the load's own. */
export const loadsOwn = (loads: readonly Beside[]): string[] =>
  medians(loads)
    .filter(({ share }) => share >= FULL)
    .map(({ what }) => what);

/** How much of its core the load had at most, in words. @param load who or what that is */
export function busiest(load: string, loads: readonly Beside[]): string {
  const [most] = medians(loads).sort((a, b) => b.share - a.share);
  const had =
    most === undefined ? 'nothing to do' : `at most ${percent(most.share)} of a core (${most.what})`;
  return `the load, ${load}, had ${had} at the median of the rounds; from ${percent(FULL)} on it would be the bottleneck of what is told`;
}
