import { DDSketch } from '@datadog/sketches-js';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { TimesMemory } from './remembered.ts';

/** Relative error of a quantile. */
const ACCURACY = 0.02;
/** Minutes that are kept one by one. */
const MINUTES = 60;
/** Minutes back from which on times count as usual: what happens now must not become usual before it is noticed. */
const DELAY = 6;
/** Without any past, two minutes have to do. */
const FIRST_DELAY = 2;
/** Fewer times say nothing of the slowest of them. */
const ENOUGH = 100;
/** Minutes after which what is usual is begun anew, beside the old one. */
const RENEW = 60;
/** Beyond the usual p95 by so much: at the p95 itself one in twenty would be slow on the best of days. */
const BEYOND = 1.25;
/** Series of times: routes, models and targets of a large gateway. */
const MOST = 2000;

/** Of which dimensions times are kept. */
const KEPT: readonly number[] = ['route', 'target', 'model', 'upstream', 'provider'].map((name) =>
  DIMENSIONS.indexOf(name as 'route'),
);

const sketch = (): DDSketch => new DDSketch({ relativeAccuracy: ACCURACY });

/** The times of one value of one dimension. */
export class Times {
  #now = sketch();
  #foreign: DDSketch | undefined;
  readonly #minutes: DDSketch[] = [];
  readonly medians: number[] = [];
  #usual = sketch();
  #usualNext = sketch();
  #age = 0;
  /** Median of the first hour: what creeping is measured against. */
  anchored = 0;
  readonly #anchor: DDSketch = sketch();
  /** Above it a request is slow, by what is usual; infinite while that is not known. */
  slowOver = Number.POSITIVE_INFINITY;

  /** What somebody says 95 % take at most: it holds until enough has been seen. */
  import(p95: number): void {
    if (this.#usual.count < ENOUGH) this.slowOver = BEYOND * p95;
  }

  add(milliseconds: number): void {
    this.#now.accept(milliseconds);
  }

  /** What this replica itself has seen since the minute began. */
  get own(): DDSketch {
    return this.#now;
  }

  /** What another replica saw in a minute. */
  merge(other: DDSketch): void {
    if (this.#foreign) this.#foreign.merge(other);
    else this.#foreign = other;
  }

  /** What is usual; undefined: too little has been seen. */
  get memory(): TimesMemory | undefined {
    if (this.#usual.count < ENOUGH) return undefined;
    const usual = Buffer.from(this.#usual.toProto()).toString('base64');
    return { usual, anchored: this.anchored, age: this.#age };
  }

  recall({ anchored, age }: TimesMemory, usual: DDSketch): void {
    this.#usual = usual;
    this.#age = age;
    this.anchored = anchored;
    this.slowOver = BEYOND * usual.getValueAtQuantile(0.95);
  }

  /** A minute is over. @param isFrozen whether something is wrong here, so that these times are not usual */
  minute(isFrozen: boolean): void {
    if (this.#foreign) this.#now.merge(this.#foreign);
    this.#foreign = undefined;
    this.#minutes.push(this.#now);
    this.medians.push(this.#now.count > 0 ? this.#now.getValueAtQuantile(0.5) : Number.NaN);
    this.#now = sketch();
    if (this.#minutes.length > MINUTES) this.#minutes.shift();
    if (this.medians.length > MINUTES) this.medians.shift();
    if (!isFrozen) this.#learn();
  }

  #learn(): void {
    const delay = this.#usual.count < ENOUGH ? FIRST_DELAY : DELAY;
    const learnt = this.#minutes.at(-delay);
    if (!learnt || learnt.count === 0) return;
    this.#usual.merge(learnt);
    this.#usualNext.merge(learnt);
    if (++this.#age <= RENEW) {
      this.#anchor.merge(learnt);
      this.anchored = this.#anchor.getValueAtQuantile(0.5);
    } else if (this.#age % RENEW === 0) {
      this.#usual = this.#usualNext;
      this.#usualNext = sketch();
    }
    if (this.#usual.count >= ENOUGH) this.slowOver = BEYOND * this.#usual.getValueAtQuantile(0.95);
  }

  /** Quantiles of the last minutes, this one included; null where there was nothing. */
  quantiles(minutes: number): Quantiles | null {
    const all = sketch();
    this.addTo(all, minutes);
    return quantilesOf(all);
  }

  /** Adds the last minutes, this one included, to those of others. */
  addTo(all: DDSketch, minutes: number): void {
    for (const each of [...this.#minutes.slice(-minutes), this.#now]) if (each.count > 0) all.merge(each);
  }
}

interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

function quantilesOf(all: DDSketch): Quantiles | null {
  if (all.count === 0) return null;
  const at = (q: number): number => all.getValueAtQuantile(q);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Times of routes, targets, models, upstreams and providers. */
export class Latencies {
  readonly #times = new Map<number, Times>();

  /** @param key a leaf's key */
  add(key: Uint16Array, milliseconds: number): void {
    for (const dimension of KEPT) {
      const value = key[dimension] as number;
      if (value > 1) this.#make(dimension, value)?.add(milliseconds);
    }
  }

  import(dimension: number, value: number, p95: number): void {
    this.#make(dimension, value)?.import(p95);
  }

  /** Of one value only. */
  addAt(dimension: number, value: number, milliseconds: number): void {
    if (value > 1) this.#make(dimension, value)?.add(milliseconds);
  }

  of(dimension: number, value: number): Times | undefined {
    return this.#times.get(dimension * 65_536 + value);
  }

  /** Of all values of a dimension together, in the last minutes; null where there was nothing. */
  quantiles(dimension: number, minutes: number): Quantiles | null {
    const all = sketch();
    for (const [of, , times] of this.all()) if (of === dimension) times.addTo(all, minutes);
    return quantilesOf(all);
  }

  /** Another replica's times of a minute. */
  merge(dimension: number, value: number, times: DDSketch): void {
    if (value > 1) this.#make(dimension, value)?.merge(times);
  }

  recall(dimension: number, value: number, known: TimesMemory, usual: DDSketch): void {
    this.#make(dimension, value)?.recall(known, usual);
  }

  *all(): Generator<readonly [dimension: number, value: number, times: Times]> {
    for (const [key, times] of this.#times) yield [Math.floor(key / 65_536), key % 65_536, times];
  }

  #make(dimension: number, value: number): Times | undefined {
    const key = dimension * 65_536 + value;
    let times = this.#times.get(key);
    if (!times && this.#times.size < MOST) {
      times = new Times();
      this.#times.set(key, times);
    }
    return times;
  }
}
