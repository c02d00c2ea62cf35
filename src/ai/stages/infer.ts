import { GatewayError } from '../../errors/gateway-error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { failureBeforeAnswer } from '../../upstream/failure.ts';
import { type Attempted, attempt } from '../attempt.ts';
import type { ChatCall } from '../chat-call.ts';

/** Failures that are the request's own: the next model would say the same. */
const CLIENTS_FAULT: ReadonlySet<number> = new Set([
  400, 405, 406, 409, 410, 411, 413, 414, 415, 416, 417, 422, 451,
]);

/**
 * Asks one model after the other until one has begun to answer. Nothing of it has reached the client before this
 * returns, so that a failure up to the first byte is nobody's business but ours.
 */
export async function infer(call: ChatCall): Promise<void> {
  let refusal: GatewayError | undefined;
  let refused: Attempted | undefined;
  for (const model of call.candidates) {
    if (call.exchange.cancel.aborted) throw new GatewayError('client_cancelled');
    const deployment = model.pick();
    if (!deployment) {
      refusal ??= new GatewayError('feature_not_active', { detail: `The model ${model.name} needs it.` });
      continue;
    }
    call.exchange.fallback = model === call.candidates[0] ? '' : model.name;
    let answer: Attempted;
    try {
      answer = await attempt(call, deployment, model.timeouts);
    } catch (cause) {
      if (call.exchange.cancel.aborted) throw new GatewayError('client_cancelled', { cause });
      refusal =
        cause instanceof GatewayError ? cause : new GatewayError(failureBeforeAnswer(cause), { cause });
      refused = undefined;
      continue;
    }
    if (answer.statusCode < 400 || CLIENTS_FAULT.has(answer.statusCode)) {
      call.answer = answer;
      return;
    }
    refused = answer;
    noteFailure(call, String(answer.statusCode));
  }
  if (!refused) throw refusal as GatewayError;
  call.answer = asRefusal(refused);
}

function noteFailure({ exchange }: ChatCall, reason: string): void {
  exchange.failedAttempts.push({ upstream: exchange.upstream, target: exchange.target, reason });
}

/** The last provider's refusal goes to the client as it came, unless it speaks of our affairs or not at all. */
function asRefusal(answer: Attempted): Attempted {
  const code = ourAffair(answer);
  if (code) throw new GatewayError(code, { cause: new Error(`the provider answered ${answer.statusCode}`) });
  return answer;
}

function ourAffair(answer: Attempted): ErrorCode | undefined {
  // A provider's 401 is about the gateway's key, and its text may quote it.
  if (answer.statusCode === 401 || answer.statusCode === 403) return 'provider_auth_failed';
  const type = answer.headers['content-type'] ?? '';
  return String(type).includes('json') ? undefined : 'provider_invalid_answer';
}
