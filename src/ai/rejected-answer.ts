import type { AnswerFacts } from '../contracts/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';

/** An answer that is none for its client: another may be asked. What it had come to is owed all the same. */
export class RejectedAnswer extends GatewayError {
  /** Undefined where nothing of it was read. */
  readonly facts: AnswerFacts | undefined;
  /** As the provider would have refused before it began to answer; 0 = it did not say. */
  readonly status: number;
  /** Then the client's, too. */
  override readonly statusCode: number;

  /** @param why for the log */
  constructor(why: string, facts?: AnswerFacts, status = 0) {
    super('provider_invalid_answer', { cause: new Error(why) });
    this.facts = facts;
    this.status = status;
    this.statusCode = status || 502;
  }
}
