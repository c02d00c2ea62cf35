/** Watches for a silence that lasts too long. */
export class Silence {
  readonly #timer: NodeJS.Timeout;
  #isWaitedFor = true;
  #isHeard = false;

  /** @param ms that it may last */
  constructor(ms: number, onTooLong: () => void) {
    this.#timer = setTimeout(() => {
      this.#isHeard = false;
      // What has come meanwhile, while the process was busy, is read first.
      setImmediate(() => {
        if (this.#isWaitedFor && !this.#isHeard) onTooLong();
      });
    }, ms);
  }

  /** Something has come, or is waited for again: it begins anew. */
  begin(): void {
    this.#isWaitedFor = true;
    this.#isHeard = true;
    this.#timer.refresh();
  }

  /** Nothing is waited for until it begins anew. */
  pause(): void {
    this.#isWaitedFor = false;
  }

  close(): void {
    this.#isWaitedFor = false;
    clearTimeout(this.#timer);
  }
}
