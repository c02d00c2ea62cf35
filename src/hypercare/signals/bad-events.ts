/** Bad events that are kept one by one. */
const KEPT = 16_384;

/** One bad event, as who was hit is told by. */
export interface BadEvent {
  readonly leaf: number;
  readonly mark: number;
  readonly tick: number;
  readonly user: number;
  readonly session: number;
  readonly client: number;
  readonly usd: number;
  readonly id: string;
}

/** The last bad events, in a ring: who was hit is known only once it is known that something is wrong. */
export class BadEvents {
  readonly #kept: (BadEvent | undefined)[] = new Array<BadEvent | undefined>(KEPT).fill(undefined);
  #next = 0;

  push(event: BadEvent): void {
    this.#kept[this.#next] = event;
    this.#next = this.#next + 1 === KEPT ? 0 : this.#next + 1;
  }

  /** Since a tick, the newest first. */
  *since(tick: number): Generator<BadEvent> {
    for (let back = 1; back <= KEPT; back++) {
      const event = this.#kept[(this.#next - back + KEPT) % KEPT];
      if (!event || event.tick < tick) return;
      yield event;
    }
  }
}
