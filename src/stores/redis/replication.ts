import type { Redis } from 'ioredis';
import { StoreUnavailable } from '../../contracts/store.ts';
import { timeFor, withDeadline } from './deadline.ts';
import { scrub } from './failure.ts';

/** When what was written counts as stored. */
interface Safety {
  /** How many replicas must have it. */
  readonly replicas: number;
  /** How long they have for it, and the whole question, in milliseconds. */
  readonly waitMs: number;
  readonly withinMs: number;
}

/** Written before each question: WAIT asks for the last write of its own connection. */
const MARK = 'hypercare:replicated';
const MARK_MS = 60_000;

/**
 * Asks whether replicas have what was written, by whichever connection, before: WAIT holds up all that its connection is
 * asked behind it, so it has one of its own. One question at a time serves all writes that were done by then.
 */
export class Replication {
  readonly #client: Redis;
  readonly #safety: Safety;
  #connection = 0;
  /** Written since the last question, where it was much. */
  #bytes = 0;
  #asking: Promise<unknown> = Promise.resolve();
  #next: Promise<number> | undefined;

  /** @param client a connection that nobody else uses */
  constructor(client: Redis, safety: Safety) {
    this.#client = client;
    this.#safety = safety;
    client.on('ready', () => {
      this.#connection++;
    });
  }

  /** Which connection it is: another master may be behind the next. */
  get connection(): number {
    return this.#connection;
  }

  /**
   * Waits until replicas have what was written.
   * @param connection as it was before the write
   * @param bytes that it carried, if they were many: the way to the replicas may be no shorter
   * @throws StoreUnavailable: it is written, and a failover may lose it; sent again it is known by its id
   */
  async reached(connection: number, bytes = 0): Promise<void> {
    const { replicas, waitMs } = this.#safety;
    this.#bytes += bytes;
    this.#next ??= this.#asking.then(() => this.#ask());
    const have = await this.#next;
    if (connection !== this.#connection)
      throw new StoreUnavailable('the connection was cut, and another Redis may be behind the next');
    if (have < replicas)
      throw new StoreUnavailable(`${have} of ${replicas} replicas have it within ${waitMs} ms`);
  }

  /** What is written from here on has to wait for the next question. */
  #ask(): Promise<number> {
    this.#next = undefined;
    const answer = this.#count(timeFor(this.#bytes));
    this.#bytes = 0;
    this.#asking = answer.catch(() => undefined);
    return answer;
  }

  /** @param moreMs beyond what is usual */
  async #count(moreMs: number): Promise<number> {
    const { replicas, waitMs, withinMs } = this.#safety;
    try {
      const [, have] = await withDeadline(
        Promise.all([
          this.#client.set(MARK, '1', 'PX', MARK_MS),
          this.#client.wait(replicas, Math.ceil(waitMs + moreMs)),
        ]),
        withinMs + moreMs,
      );
      return have;
    } catch (error) {
      const cause = scrub(error);
      throw new StoreUnavailable(`replicas could not be asked: ${cause.message}`, { cause });
    }
  }
}
