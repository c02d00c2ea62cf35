import { HOUR, MINUTE } from './settings.ts';

/** Consumers and models whose spending is watched. */
const MOST = 4000;
const DECAY = 2 ** (-1 / HOUR);
/** Ticks without a baseline: what is spent in the first ten minutes is nobody's habit yet. */
const FIRST = 10 * MINUTE;

/** Ticks of spending that are looked at: a dear call now and then is no rise. */
export const RECENT = 2 * MINUTE;

/** What one consumer spends on one model, tick by tick. */
export class Spender {
  readonly consumer: number;
  readonly model: number;
  /** US dollars of the last two minutes, by tick. */
  readonly recent: number[] = new Array<number>(RECENT).fill(0);
  now = 0;
  /** Of `now`, what this replica itself has seen. */
  own = 0;
  calls = 0;
  /** Mean and variance a tick, of what is more than a minute ago. */
  mean = 0;
  variance = 0;
  #weight = 0;
  ticks = 0;

  constructor(consumer: number, model: number) {
    this.consumer = consumer;
    this.model = model;
  }

  /** A tick is over. @param isFrozen whether something is wrong here already */
  step(isFrozen: boolean): void {
    const oldest = this.recent.shift() as number;
    this.recent.push(this.now);
    this.now = 0;
    this.own = 0;
    this.ticks++;
    if (isFrozen || this.ticks <= RECENT) return;
    // West's weighted mean and variance, with weights that fall by half in an hour.
    this.#weight = this.#weight * DECAY + 1;
    const step = oldest - this.mean;
    this.mean += step / this.#weight;
    this.variance = Math.max(0, this.variance + (step * (oldest - this.mean) - this.variance) / this.#weight);
  }

  /** How many times its usual rate the last two minutes were, and by how many standard deviations; null: nobody knows yet. */
  get rise(): { ratio: number; z: number } | null {
    if (this.ticks < FIRST || this.mean <= 0) return null;
    const spent = this.recent.reduce((sum, usd) => sum + usd, 0);
    const usual = this.mean * RECENT;
    const deviation = Math.sqrt(this.variance * RECENT) || usual;
    return { ratio: spent / usual, z: (spent - usual) / deviation };
  }
}

/** What consumers spend on models. */
export class Spending {
  readonly #spenders = new Map<number, Spender>();

  add(consumer: number, model: number, usd: number, isForeign = false): void {
    const key = consumer * 65_536 + model;
    let spender = this.#spenders.get(key);
    if (!spender) {
      if (this.#spenders.size >= MOST) return;
      spender = new Spender(consumer, model);
      this.#spenders.set(key, spender);
    }
    spender.now += usd;
    if (!isForeign) spender.own += usd;
    spender.calls++;
  }

  all(): IterableIterator<Spender> {
    return this.#spenders.values();
  }
}
