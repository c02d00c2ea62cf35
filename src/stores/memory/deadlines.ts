/** Anything that ends at a time. */
export interface Ending {
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

/** A binary heap: the item that ends first is on top. Push and pop cost log n, peek nothing. */
export class Deadlines<T extends Ending> {
  #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0];
  }

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (above.endsAt <= item.endsAt) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.endsAt < heap[child]!.endsAt) child++;
      if (heap[child]!.endsAt >= last.endsAt) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  /** Starts over with these. */
  refill(items: Iterable<T>): void {
    // A sorted array is a heap.
    this.#heap = [...items].sort((a, b) => a.endsAt - b.endsAt);
  }
}
