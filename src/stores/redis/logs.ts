import type { EventLogs, LoggedText } from '../../contracts/store.ts';
import { checkLimit, checkName, checkPlace, checkTtl } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** An id of Redis Streams: milliseconds and a number in them. */
const PLACE = /^\d{1,15}-\d{1,10}$/;

/** A log is a stream with one field an entry. It is cut to about its length as it grows, and runs out as a whole. */
export class RedisLogs implements EventLogs {
  readonly #client: RedisClient;
  readonly #calls: Calls;

  constructor(client: RedisClient, calls: Calls) {
    this.#client = client;
    this.#calls = calls;
  }

  async append(log: string, text: string, options: { ttlMs: number; most: number }): Promise<string> {
    const key = keyOf(log);
    const ttlMs = checkTtl(options.ttlMs) ?? 1;
    // One after the other on one connection: a log whose end was never set would stay for ever.
    const [place] = await this.#calls.make(() =>
      Promise.all([
        this.#client.xadd(key, 'MAXLEN', '~', options.most, '*', 't', text),
        this.#client.pexpire(key, ttlMs),
      ]),
    );
    return place as string;
  }

  async read(log: string, after: string, limit?: number): Promise<LoggedText[]> {
    checkPlace(after, PLACE);
    const key = keyOf(log);
    const from = after === '' ? '-' : `(${after}`;
    const found = await this.#calls.make(() =>
      this.#client.xrange(key, from, '+', 'COUNT', checkLimit(limit)),
    );
    return found.map(([place, fields]) => ({ place, text: fields[1] ?? '' }));
  }

  async drop(log: string): Promise<void> {
    await this.#calls.make(() => this.#client.del(keyOf(log)));
  }
}

function keyOf(log: string): string {
  checkName('log', log);
  return `hypercare:log:${log}`;
}
