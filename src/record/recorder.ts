import type { LogSink } from '../telemetry/logger.ts';
import { accessLogLine } from './access-log.ts';
import type { LiveExchange } from './exchange.ts';
import type { Meters } from './meters.ts';

/** What is made of every exchange once it has ended: a log line and figures. */
export class Recorder {
  readonly meters: Meters;
  readonly #log: LogSink;
  readonly #logs: boolean;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(meters: Meters, log: LogSink) {
    this.meters = meters;
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
