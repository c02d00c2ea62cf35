import type { JsonObject } from '../../contracts/model-request.ts';
import type { ChatCall } from '../chat-call.ts';
import type { History } from './write-history.ts';

/** A call's history, for as long as somebody may still be asked. */
export interface CallHistory extends Pick<History, 'shape' | 'tail'> {
  /** The body as it came. */
  readonly body: JsonObject;
  /** The providers that have signed something in it. */
  readonly signers: ReadonlySet<string>;
  /** What was written of it, by whom it is for (`readerOf`). */
  readonly written: Map<string, Pick<ChatCall, 'bytes' | 'request'>>;
  /** Whom the call's body is written for now. */
  writtenFor: string;
}
