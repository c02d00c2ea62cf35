import type { JsonObject } from '../../contracts/model-request.ts';
import type { History } from './write-history.ts';

/**
 * A call's history, for as long as somebody may still be asked.
 * @typeParam Written what a call has of a body that was written
 */
export interface CallHistory<Written> extends Pick<History, 'shape' | 'tail'> {
  /** The body as it came. */
  readonly body: JsonObject;
  /** The providers that have signed something in it. */
  readonly signers: ReadonlySet<string>;
  /** What was written of it, by whom it is for (`readerOf`). */
  readonly written: Map<string, Written>;
  /** Whom the call's body is written for now. */
  writtenFor: string;
}
