import { setImmediate as immediate } from 'node:timers/promises';

/** Milliseconds that one piece of long work may hold the event loop before the others have their turn. */
const SLICE_MS = 4;

/** Work that says with each `yield` where it may be interrupted. */
export type Steps<T> = Generator<void, T, void>;

/** Long work beside requests that are being served: it rests whenever its slice of time is over. */
export class Slices {
  #since = performance.now();

  /** To be called between two steps of the work: lets the others have their turn if it is theirs. */
  async rest(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return;
    await immediate();
    this.#since = performance.now();
  }

  /** Does the steps in slices. */
  async through<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (performance.now() - this.#since >= SLICE_MS) await this.rest();
    }
  }
}

/** Does the steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
