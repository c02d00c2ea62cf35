import type { Cause } from '../../contracts/finding.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import { HOUR } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

const MODEL = DIMENSIONS.indexOf('model');
const DECAY = 2 ** (-1 / HOUR);
const MOST = 1000;
/** Calls of either kind below which nothing is said. */
const ENOUGH = 20;
/** Slow calls must have prompts so many times as long as the others. */
const LONGER = 2;
/** Short prompts are nobody's trouble, whatever their ratio. */
const LEAST_TOKENS = 500;

interface Lengths {
  slow: number;
  slowTokens: number;
  fast: number;
  fastTokens: number;
}

/** How long the prompts of slow calls are, and those of the others: what grows with a conversation is told by it. */
export class PromptLengths {
  readonly #models = new Map<number, Lengths>();

  /** @param tokens below 0: not known */
  add(model: number, tokens: number, isSlow: boolean): void {
    if (tokens < 0) return;
    let of = this.#models.get(model);
    if (!of) {
      if (this.#models.size >= MOST) return;
      of = { slow: 0, slowTokens: 0, fast: 0, fastTokens: 0 };
      this.#models.set(model, of);
    }
    if (isSlow) {
      of.slow++;
      of.slowTokens += tokens;
    } else {
      of.fast++;
      of.fastTokens += tokens;
    }
  }

  step(): void {
    for (const of of this.#models.values()) {
      of.slow *= DECAY;
      of.slowTokens *= DECAY;
      of.fast *= DECAY;
      of.fastTokens *= DECAY;
    }
  }

  /** What is slow at a model, where it is the calls with long prompts. Undefined: it is not, or nobody knows. */
  explain({ signal, places }: Suspicion): Cause | undefined {
    if (signal !== 'slow' && signal !== 'first-token') return undefined;
    const named = places.flat().flatMap(({ dimension, value }) => (dimension === MODEL ? [value] : []));
    const of = this.#sum(named.length === 0 ? [...this.#models.keys()] : named);
    if (of.slow < ENOUGH || of.fast < ENOUGH) return undefined;
    const slow = of.slowTokens / of.slow;
    const fast = of.fastTokens / of.fast;
    if (slow < LEAST_TOKENS || slow < LONGER * fast) return undefined;
    return {
      kind: 'context',
      sentence: `The slow calls are those with long prompts: ${whole(slow)} tokens on average, the others ${whole(fast)}.`,
      confidence: 0.75,
      change: null,
    };
  }

  #sum(models: readonly number[]): Lengths {
    const sum: Lengths = { slow: 0, slowTokens: 0, fast: 0, fastTokens: 0 };
    for (const of of models.flatMap((model) => this.#models.get(model) ?? [])) {
      sum.slow += of.slow;
      sum.slowTokens += of.slowTokens;
      sum.fast += of.fast;
      sum.fastTokens += of.fastTokens;
    }
    return sum;
  }
}

const whole = (tokens: number): string => Math.round(tokens).toLocaleString('en');
