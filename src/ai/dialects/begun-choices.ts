import type { Emit } from '../../contracts/provider.ts';

/** Tells of each of several answers that it has begun: one of which nothing follows is known to be cut. */
export class BegunChoices {
  readonly #emit: Emit;
  readonly #begun = new Set<number>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** @param choice something of it has come, if only its role; undefined: the first */
  saw(choice: number | undefined): void {
    const begun = this.#begun;
    if (begun.has(choice ?? 0)) return;
    begun.add(choice ?? 0);
    // Most answers are the only one: there is nothing to tell of it, unless another follows.
    if (choice === undefined && begun.size === 1) return;
    if (choice !== undefined && begun.size === 2 && begun.has(0)) this.#emit({ type: 'choice-start' });
    this.#emit({ type: 'choice-start', choice });
  }
}
