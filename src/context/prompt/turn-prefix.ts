import type { PathTurn } from '../ports.ts';

/**
 * What is known of the turns that a prompt begins with. A long conversation is sent at every turn, and each time it has grown
 * by its end only: what was worked out of its beginning stands, and goes with the turns themselves.
 */
export class TurnPrefix<Known, Turn extends object = PathTurn> {
  readonly #known = new WeakMap<Turn, { readonly first: Turn; readonly known: Known }>();
  readonly #extend: (turns: readonly Turn[], before: Known | undefined) => Known;

  /** @param extend works it out, of what is known of the turns before these */
  constructor(extend: (turns: readonly Turn[], before: Known | undefined) => Known) {
    this.#extend = extend;
  }

  /** @returns undefined for no turns */
  of(turns: readonly Turn[]): Known | undefined {
    const [first] = turns;
    const last = turns.at(-1);
    if (!first || !last) return undefined;
    for (let at = turns.length - 1; at >= 0; at--) {
      const turn = turns[at] as Turn;
      const before = this.#known.get(turn);
      if (before?.first !== first) continue;
      if (turn === last) return before.known;
      // It is asked for no more: the conversation has gone on.
      this.#known.delete(turn);
      return this.#keep(first, last, this.#extend(turns.slice(at + 1), before.known));
    }
    return this.#keep(first, last, this.#extend(turns, undefined));
  }

  #keep(first: Turn, last: Turn, known: Known): Known {
    this.#known.set(last, { first, known });
    return known;
  }
}
