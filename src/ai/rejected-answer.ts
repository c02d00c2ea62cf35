import type { FailedPart } from '../contracts/stream-part.ts';
import type { AnswerFacts } from '../contracts/usage.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type Failure, oursToMend, UNSAID } from './models/verdict.ts';
import { isOwnRefusal } from './own-refusal.ts';

/** An answer that is none for its client: another may be asked. What it had come to is owed all the same. */
export class RejectedAnswer extends GatewayError {
  /** Undefined where nothing of it was read. */
  readonly facts: AnswerFacts | undefined;
  /** As if the provider had refused before it began to answer. */
  readonly failure: Failure;
  /** Then the client's, too, unless it is about what is the gateway's own. */
  override readonly statusCode: number;

  /**
   * @param why for the log
   * @param said how the provider says that it failed
   */
  constructor(why: string, facts?: AnswerFacts, said?: FailedPart) {
    const failure = failureOf(said);
    const ours = oursToMend(failure);
    const error = new GatewayError(ours ?? 'provider_invalid_answer');
    const seconds = Math.ceil(failure.retryAfterMs / 1000);
    super(error.code, {
      cause: new Error(why),
      ...(seconds > 0 && { headers: { 'retry-after': String(seconds) } }),
    });
    this.facts = facts;
    this.failure = failure;
    this.statusCode = (!ours && failure.status) || error.statusCode;
  }
}

function failureOf(said: FailedPart | undefined): Failure {
  if (!said) return UNSAID;
  const { message, status = 0, quotaSpent: isQuotaSpent = false, retryAfterMs = 0 } = said;
  return {
    ...UNSAID,
    status,
    isQuotaSpent,
    isOwn: isOwnRefusal(status, { error: { message } }),
    retryAfterMs,
  };
}
