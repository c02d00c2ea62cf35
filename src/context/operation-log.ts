import type { Logger } from '../telemetry/logger.ts';
import type { ContextMeters } from './meters.ts';

/** One operation on a conversation. Never its content: a keyed digest of it. */
export interface ContextOperation {
  readonly op:
    | 'append'
    | 'replay'
    | 'compact'
    | 'correct'
    | 'redact'
    | 'erase'
    | 'export'
    | 'read'
    | 'items'
    | 'create';
  readonly tenant: string;
  /** Digest of the end user, ''. */
  readonly user: string;
  readonly session: string;
  readonly turn?: string;
  readonly version?: number;
  readonly model?: string;
  readonly tokens?: number;
  readonly digest?: string;
  readonly duration_ms?: number;
  readonly outcome: string;
}

/** Lines that wait at most: beyond it operations are counted and not told one by one. */
const MOST = 10_000;

/** The log of what was done with conversations. Written between requests: nobody's answer waits for a line. */
export class OperationLog {
  readonly #log: Logger;
  readonly #meters: ContextMeters;
  #waiting: ContextOperation[] = [];

  constructor(log: Logger, meters: ContextMeters) {
    this.#log = log;
    this.#meters = meters;
  }

  note(operation: ContextOperation): void {
    this.#meters.operation(operation.op, operation.outcome);
    if (this.#waiting.length >= MOST) return;
    this.#waiting.push(operation);
    if (this.#waiting.length === 1) setImmediate(() => this.#write());
  }

  #write(): void {
    const operations = this.#waiting;
    this.#waiting = [];
    for (const operation of operations) this.#log.info({ context: operation }, 'context operation');
  }
}
