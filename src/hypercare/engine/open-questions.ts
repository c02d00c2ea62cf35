const ANSWER_WITHIN_MS = 5_000;
/** Questions that wait for an answer at once. */
const MOST = 1_000;

interface Asked {
  readonly timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What another thread was asked and has not answered. Nobody waits for ever. */
export class OpenQuestions {
  readonly #asked = new Map<number, Asked>();
  #last = 0;

  /**
   * Rejects when it is refused, not answered in time, or when too many wait.
   * @param send takes the question, under a number that the answer names
   */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#asked.size >= MOST) return Promise.reject(new Error('too many ask the engine'));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.refuse(id, 'the engine did not answer in time'), ANSWER_WITHIN_MS);
      this.#asked.set(id, { timer, resolve, reject });
      send(id);
    });
  }

  answer(id: number, value: unknown): void {
    this.#settle(id, ({ resolve }) => resolve(value));
  }

  refuse(id: number, why: string): void {
    this.#settle(id, ({ reject }) => reject(new Error(why)));
  }

  refuseAll(why: string): void {
    for (const id of [...this.#asked.keys()]) this.refuse(id, why);
  }

  #settle(id: number, how: (asked: Asked) => void): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    how(asked);
  }
}
