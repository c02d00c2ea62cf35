import { StoreUnavailable } from '../../contracts/store.ts';
import type { Circuit } from './circuit.ts';
import { withDeadline } from './deadline.ts';
import { isAnswer, scrub } from './failure.ts';

/** The one way to Redis: a circuit, a deadline, and one kind of error. */
export class Calls {
  readonly #name: string;
  readonly #circuit: Circuit;
  readonly #timeoutMs: number;
  #closed = false;

  /** `name` is the store's, for messages; `timeoutMs` is the longest that a call may take. */
  constructor(name: string, circuit: Circuit, timeoutMs: number) {
    this.#name = name;
    this.#circuit = circuit;
    this.#timeoutMs = timeoutMs;
  }

  /** Makes the call, unless the circuit refuses it. Fails with `StoreUnavailable`, its `cause` free of arguments. */
  async make<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#closed && !this.#circuit.allows()) {
      const cause = this.#circuit.lastError;
      throw new StoreUnavailable(`${this.#name} is down: ${cause?.message ?? 'no answer'}`, { cause });
    }
    return this.probe(call);
  }

  /** Makes the call whatever the circuit says, and tells it the outcome. */
  async probe<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable(`${this.#name} is closed`);
    try {
      const result = await withDeadline(call(), this.#timeoutMs);
      this.#circuit.succeeded();
      return result;
    } catch (error) {
      const cause = scrub(error);
      if (!this.#closed) {
        if (isAnswer(error)) this.#circuit.succeeded();
        else this.#circuit.failed(cause);
      }
      throw new StoreUnavailable(`${this.#name} failed: ${cause.message}`, { cause });
    }
  }

  /** From now on every call fails. */
  close(): void {
    this.#closed = true;
  }
}
