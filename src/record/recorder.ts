import type { Exchange } from '../contracts/exchange.ts';
import type { LogSink } from '../telemetry/logger.ts';
import { accessLogLine } from './access-log.ts';
import type { LiveExchange } from './exchange.ts';
import type { Meters } from './meters.ts';

/** Takes an exchange that has ended. It runs on the request path: it must not wait. */
export type OnExchange = (exchange: Exchange) => void;

/** What is made of every exchange once it has ended: a log line and figures, and what others make of it. */
export class Recorder {
  readonly meters: Meters;
  readonly #log: LogSink;
  readonly #logs: boolean;
  readonly #others: readonly OnExchange[];
  readonly #pending = new Set<Promise<unknown>>();

  /** @param others who make something of it, too */
  constructor(meters: Meters, log: LogSink, others: readonly OnExchange[] = []) {
    this.meters = meters;
    this.#others = others;
    this.#log = log;
    this.#logs = log.logger.level !== 'silent';
  }

  /** @param settled when the exchange has all its figures, if not yet */
  record(exchange: LiveExchange, settled?: Promise<unknown>): void {
    if (settled) {
      this.#pending.add(settled);
      const done = (): void => {
        this.#pending.delete(settled);
        this.record(exchange);
      };
      settled.then(done, (error: unknown) => {
        this.#log.logger.error({ err: error, request_id: exchange.id }, 'an exchange could not be settled');
        done();
      });
      return;
    }
    try {
      this.meters.observe(exchange);
      if (this.#logs) this.#log.writeLine(accessLogLine(exchange));
      for (const other of this.#others) other(exchange);
    } catch (error) {
      // It runs where a connection has closed: nobody else could catch.
      this.#log.logger.error({ err: error, request_id: exchange.id }, 'a request could not be recorded');
    }
  }

  /** Resolves when nothing waits for its figures any more. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }
}
