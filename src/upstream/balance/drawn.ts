import type { Balanced, Member, Picker, Random } from './picker.ts';
import { WeightedDraw } from './weighted-draw.ts';

/**
 * How much a member would suffer from one request more; comparable among members of one upstream.
 * @param now milliseconds of the monotonic clock
 */
export type Compare<T extends Balanced> = (a: Member<T>, b: Member<T>) => number;

/**
 * Draws at random by weight. With a comparison it draws two and takes the better one (the power of two choices:
 * Mitzenmacher 2001), which is nearly as good as asking all and, unlike that, never sends everybody to the same one.
 */
export class Drawn<T extends Balanced> implements Picker<T> {
  readonly #members: readonly Member<T>[];
  readonly #random: Random;
  readonly #compare: Compare<T> | undefined;
  readonly #draw: WeightedDraw;

  constructor(members: readonly Member<T>[], random: Random, compare?: Compare<T>) {
    this.#members = members;
    this.#random = random;
    this.#compare = compare;
    this.#draw = new WeightedDraw(
      members.map(({ weight }) => weight),
      random,
    );
  }

  pick(avoid: ReadonlySet<T> | undefined): T | undefined {
    if (avoid !== undefined && avoid.size > 0) return this.#without(avoid).pick(undefined);
    const first = this.#draw.draw();
    if (first < 0) return undefined;
    const one = this.#members[first] as Member<T>;
    if (this.#compare === undefined) return one.target;
    const second = this.#draw.drawOther(first);
    if (second < 0) return one.target;
    const other = this.#members[second] as Member<T>;
    return this.#compare(one, other) <= 0 ? one.target : other.target;
  }

  /** For another try, which is rare enough to be made anew. */
  #without(avoid: ReadonlySet<T>): Drawn<T> {
    const rest = this.#members.filter(({ target }) => !avoid.has(target));
    return new Drawn(rest, this.#random, this.#compare);
  }
}

/** Fewer requests in flight for its weight is better. At a tie the draw stands, so that idle members share by weight. */
export function byRequests<T extends Balanced>(a: Member<T>, b: Member<T>): number {
  return a.target.load.inFlight / a.weight - b.target.load.inFlight / b.weight;
}

/**
 * Sooner done is better: latency times the requests in flight, this one included. What was never measured is judged by
 * its requests alone, so that it is neither flooded nor shunned.
 *
 * @param clock milliseconds, monotonic
 */
export function byLatency<T extends Balanced>(clock: () => number): Compare<T> {
  return (a, b) => {
    const now = clock();
    const one = a.target.load.latency(now);
    const other = b.target.load.latency(now);
    if (one === 0 || other === 0) return byRequests(a, b);
    // Weights are relative: those of two that weigh the same make no difference, whatever their unit.
    const usual = (a.weight + b.weight) / 2;
    const queue = ({ target, weight }: Member<T>): number => 1 + (target.load.inFlight * usual) / weight;
    return one * queue(a) - other * queue(b);
  };
}
