/** A thing for as long as its holder needs it. */
export interface Lease<T> {
  readonly value: T;
  /** Twice counts once. */
  release(): void;
}

interface Held<T> {
  readonly value: T;
  leases: number;
}

/** Things that are shared by key and live as long as somebody leases them. */
export class Leases<T> {
  readonly #held = new Map<string, Held<T>>();
  readonly #close: (value: T) => void;

  /** @param close called with a thing that nobody leases any more; it must not fail */
  constructor(close: (value: T) => void) {
    this.#close = close;
  }

  /** @param open makes the thing if nobody holds it yet */
  lease(key: string, open: () => T): Lease<T> {
    let held = this.#held.get(key);
    if (!held) {
      held = { value: open(), leases: 0 };
      this.#held.set(key, held);
    }
    held.leases++;
    const mine = held;
    let released = false;
    return {
      value: mine.value,
      release: () => {
        if (released) return;
        released = true;
        mine.leases--;
        // Cleared by `drop` meanwhile: then it is not ours to close.
        if (mine.leases > 0 || this.#held.get(key) !== mine) return;
        this.#held.delete(key);
        this.#close(mine.value);
      },
    };
  }

  /** What is held under the key, without a lease of one's own. */
  get(key: string): T | undefined {
    return this.#held.get(key)?.value;
  }

  /** What is held now. */
  values(): T[] {
    return [...this.#held.values()].map(({ value }) => value);
  }

  get size(): number {
    return this.#held.size;
  }

  /** Forgets everything without closing it, and gives it to the caller. */
  drop(): T[] {
    const all = this.values();
    this.#held.clear();
    return all;
  }
}
