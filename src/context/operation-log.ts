import type { Logger } from '../telemetry/logger.ts';
import type { ContextMeters } from './meters.ts';

/**
 * One operation on a conversation. Never its content: a keyed digest of it. The line's own `time` says when. What there is none
 * of, and what nobody knew, is left out.
 */
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
  /**
   * Digest of the end user that the conversation belongs to, of a call that was refused of the one who asked; '' = none is named.
   * Absent: the store and the key were not there to tell, or it is about all of a consumer's.
   */
  readonly user?: string;
  /** Absent: all of a consumer's. */
  readonly session?: string;
  /** Absent where it is about no one turn, or none came of it. Of a summary, the last one that it covers. */
  readonly turn?: string;
  /** Of a correction: id of the turn in whose place it stands. */
  readonly supersedes?: string;
  /** The turn's. Of what is about no one turn, and of a turn that has no place, the conversation's; absent as long as there is none. */
  readonly version?: number;
  /** The alias; absent where no model was asked. */
  readonly model?: string;
  /** Estimated, of the content; of what was taken out of, as it was before. */
  readonly tokens?: number;
  /** Keyed: of a turn that of its last message, of a conversation that of its path, of a summary that of its text. */
  readonly digest?: string;
  /**
   * Spent on the operation, without what a model took. Of turns that are written together, on all; of an export, until its first byte; of
   * a turn that waited for the store, as long as it did.
   */
  readonly duration_ms?: number;
  readonly outcome: string;
}

/** Lines that wait at most: of operations beyond it only how many there were is told. */
const MOST = 10_000;

/** The log of what was done with conversations. Written between requests: nobody's answer waits for a line. */
export class OperationLog {
  readonly #log: Logger;
  readonly #meters: ContextMeters;
  readonly #monotonic: () => number;
  #waiting: ContextOperation[] = [];
  /** Operations since the last line for which there was no room. */
  #untold = 0;

  /** @param monotonic what durations are measured by: milliseconds */
  constructor(log: Logger, meters: ContextMeters, monotonic = (): number => performance.now()) {
    this.#log = log;
    this.#meters = meters;
    this.#monotonic = monotonic;
  }

  /** When an operation begins, by the clock that its duration is measured with: milliseconds. */
  now(): number {
    return this.#monotonic();
  }

  /** Milliseconds since it began. */
  since(began: number): number {
    return this.#monotonic() - began;
  }

  note(operation: ContextOperation): void {
    this.#meters.operation(operation.op, operation.outcome);
    if (this.#waiting.length >= MOST) {
      this.#untold++;
      this.#meters.untold();
      return;
    }
    this.#waiting.push(operation);
    if (this.#waiting.length === 1) setImmediate(() => this.#write());
  }

  #write(): void {
    const [operations, untold] = [this.#waiting, this.#untold];
    this.#waiting = [];
    this.#untold = 0;
    for (const operation of operations)
      this.#log.info({ context: { ...operation, ...inThousandths(operation) } }, 'context operation');
    if (untold > 0) this.#log.warn({ untold }, 'context operations have no line: too many came at once');
  }
}

const inThousandths = ({ duration_ms: ms }: ContextOperation): Pick<ContextOperation, 'duration_ms'> => ({
  duration_ms: ms === undefined ? undefined : Math.round(ms * 1000) / 1000,
});
