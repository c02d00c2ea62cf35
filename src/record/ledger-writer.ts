import type { Ledger, LedgerRow } from '../contracts/ledger.ts';
import { Outbox } from '../lib/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Meters } from './meters.ts';

export interface LedgerLimits {
  /** Milliseconds for which a row is kept. */
  readonly keep: number;
  readonly maxRows: number;
}

export interface LedgerWriterOptions {
  ledger: Ledger;
  log: Logger;
  meters: Pick<Meters, 'ledgerRowsLost'>;
  /** Asked each time, so that a new revision's limits hold. */
  limits(): LedgerLimits;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
}

/**
 * A call is in the books at most this long after its end, plus one write to the store; a crash loses what is younger.
 * A sync to disk takes 0.3 to 10 ms, so that fifty a second can be borne.
 */
const WITHIN_MS = 20;
/** Rows that wait for a store that is away: 50 MB. */
const MOST_WAITING = 100_000;
const FORGET_EVERY_MS = 60_000;
/** Of the rows that are kept, so many come before the oldest go. */
const MORE_BY = 0.1;

/** Writes the ledger, in batches and off the request path. */
export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  readonly #outbox: Outbox<LedgerRow>;
  readonly #timer: NodeJS.Timeout;
  #isDown = false;
  /** Rows since the oldest went. */
  #added = 0;
  /** While the oldest go. */
  #forgetting: Promise<void> | undefined;

  constructor(options: LedgerWriterOptions) {
    const { ledger, log, meters } = options;
    this.#options = options;
    this.#outbox = new Outbox<LedgerRow>({
      deliver: async (batch) => {
        await ledger.append(batch);
        this.#added += batch.length;
        // What a minute brings may be many times as much as is kept.
        if (this.#added > options.limits().maxRows * MORE_BY) this.#forgetSome();
        if (this.#isDown) log.info('the ledger is written again');
        this.#isDown = false;
      },
      onFailure: (error) => {
        if (!this.#isDown)
          log.error({ err: error }, 'the ledger can not be written: its rows wait in memory');
        this.#isDown = true;
      },
      onDropped: () => meters.ledgerRowsLost.inc(),
      everyMs: WITHIN_MS,
      batch: 256,
      most: MOST_WAITING,
    });
    this.#timer = setInterval(() => this.#forgetSome(), FORGET_EVERY_MS).unref();
  }

  write(row: LedgerRow): void {
    this.#outbox.push(row);
  }

  /** Writes what waits: who asks for the usage is told of the call that has just ended. */
  async flush(): Promise<void> {
    await this.#outbox.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const lost = await this.#outbox.close();
    await this.#forgetting;
    if (lost > 0) this.#options.log.error({ lost }, 'rows of the ledger were lost: the store did not answer');
  }

  #forgetSome(): void {
    this.#forgetting ??= this.#forget().finally(() => {
      this.#forgetting = undefined;
    });
  }

  async #forget(): Promise<void> {
    this.#added = 0;
    const { ledger, limits, now, log } = this.#options;
    try {
      const { keep, maxRows } = limits();
      while (await ledger.forget(Math.floor(now() - keep), maxRows));
    } catch (error) {
      log.warn({ err: error }, 'old rows of the ledger could not be deleted');
    }
  }
}
