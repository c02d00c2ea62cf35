import { StoreUnavailable } from '../../contracts/store.ts';
import type { Circuit } from './circuit.ts';
import { timeFor, withDeadline } from './deadline.ts';
import { isAnswer, scrub } from './failure.ts';

/** The one way to Redis: a circuit, a deadline, and one kind of error. One for each connection. */
export class Calls {
  readonly #name: string;
  readonly #circuit: Circuit;
  readonly #timeoutMs: number;
  readonly #received: () => number;
  /** Bytes of calls that Redis has not answered. */
  #owed = 0;
  #closed = false;

  /**
   * @param name the store's, for messages
   * @param timeoutMs the longest that a call may take which carries little
   * @param received bytes that have come over the connection
   */
  constructor(name: string, circuit: Circuit, timeoutMs: number, received: () => number) {
    this.#name = name;
    this.#circuit = circuit;
    this.#timeoutMs = timeoutMs;
    this.#received = received;
  }

  /**
   * Makes the call, unless the circuit refuses it. Fails with `StoreUnavailable`, its `cause` free of arguments.
   * @param bytes that it carries, if they are many
   */
  async make<T>(call: () => Promise<T>, bytes = 0): Promise<T> {
    if (!this.#closed && !this.#circuit.allows()) {
      const cause = this.#circuit.lastError;
      throw new StoreUnavailable(`${this.#name} is down: ${cause?.message ?? 'no answer'}`, { cause });
    }
    return this.probe(call, bytes);
  }

  /** Makes the call whatever the circuit says, and tells it the outcome. */
  async probe<T>(call: () => Promise<T>, bytes = 0): Promise<T> {
    if (this.#closed) throw new StoreUnavailable(`${this.#name} is closed`);
    try {
      const answer = call();
      if (bytes > 0) this.#owe(answer, bytes);
      const result = await withDeadline(answer, this.#timeoutMs + timeFor(this.#owed), this.#received);
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

  /** Until the answer, or a cut: no deadline takes bytes off a connection, and what comes next stands behind them. */
  #owe(answer: Promise<unknown>, bytes: number): void {
    this.#owed += bytes;
    const settle = (): void => {
      this.#owed -= bytes;
    };
    answer.then(settle, settle);
  }

  /** From now on every call fails. */
  close(): void {
    this.#closed = true;
  }
}
