/** What a store tells its owner: that it stopped answering, that it answers again, and once that it lets go what it keeps. */
export interface StoreEvent {
  kind: 'down' | 'up' | 'evicts';
  /** With `down`: what happened, free of commands and credentials. */
  error?: Error;
  /** With `evicts`: by which policy of Redis, when its memory is full. */
  policy?: string;
}

/** Turns a stream of successes and failures into one event a transition. A store begins as up. */
export class Transitions {
  readonly #onEvent: ((event: StoreEvent) => void) | undefined;
  #down = false;

  constructor(onEvent?: (event: StoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  get isDown(): boolean {
    return this.#down;
  }

  down(error: Error): void {
    if (this.#down) return;
    this.#down = true;
    this.#onEvent?.({ kind: 'down', error });
  }

  up(): void {
    if (!this.#down) return;
    this.#down = false;
    this.#onEvent?.({ kind: 'up' });
  }
}
