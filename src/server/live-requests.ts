import type { ServerResponse } from 'node:http';
import type { LiveExchange } from '../record/exchange.ts';

/**
 * Requests in flight with their answers, in no order: a dense array in which each exchange knows its place. A `Map`
 * that is added to and taken from with every request would keep whole requests alive: V8 links each table that it has
 * outgrown to the next one, and once one of them is old, so becomes all that hangs on those after it.
 */
export class LiveRequests {
  readonly #exchanges: LiveExchange[] = [];
  readonly #responses: ServerResponse[] = [];

  get size(): number {
    return this.#exchanges.length;
  }

  add(exchange: LiveExchange, response: ServerResponse): void {
    exchange.place = this.#exchanges.push(exchange) - 1;
    this.#responses.push(response);
  }

  /** The last one takes its place. What is not here is left alone. */
  delete(exchange: LiveExchange): void {
    const { place } = exchange;
    if (this.#exchanges[place] !== exchange) return;
    const last = this.#exchanges.pop() as LiveExchange;
    const response = this.#responses.pop() as ServerResponse;
    exchange.place = -1;
    if (last === exchange) return;
    this.#exchanges[place] = last;
    this.#responses[place] = response;
    last.place = place;
  }

  /** Those that are in flight now: whoever ends one of them meanwhile changes nothing of this list. */
  all(): [LiveExchange, ServerResponse][] {
    return this.#exchanges.map((exchange, at) => [exchange, this.#responses[at] as ServerResponse]);
  }
}
