import { GatewayError } from '../../errors/gateway-error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { failureBeforeAnswer } from '../../upstream/failure.ts';
import { attempt, noteDeployment } from '../attempt.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { countTokens } from '../count-tokens.ts';
import type { Deployment } from '../models/catalog.ts';
import { type PreparedCall, prepareCall } from '../prepared-call.ts';

/** Failures that are the request's own: the next model would say the same. */
const CLIENTS_FAULT: ReadonlySet<number> = new Set([
  400, 405, 406, 409, 410, 411, 413, 414, 415, 416, 417, 422, 451,
]);

/**
 * Asks one model after the other until one has begun to answer. Nothing of it has reached the client before this
 * returns, so that a failure up to the first byte is nobody's business but ours. When all fail, the client gets the last
 * refusal that a provider gave in words meant for it, else the last failure.
 */
export async function infer(call: ChatCall): Promise<void> {
  const { exchange } = call;
  let refusal: CommittedAnswer | undefined;
  let failure: GatewayError | undefined;
  for (const model of call.candidates) {
    if (exchange.cancel.aborted) throw cancelled(exchange.cancel.reason);
    const deployment = model.pick();
    if (!deployment) {
      failure ??= new GatewayError('feature_not_active', { detail: `The model ${model.name} needs it.` });
      continue;
    }
    const prepared = prepare(call, deployment);
    if (prepared instanceof GatewayError && call.format.name === 'anthropic-count-tokens') {
      noteDeployment(call, deployment);
      call.answer = await countTokens(call, deployment);
      return;
    }
    if (prepared instanceof GatewayError) {
      // That another has failed says more.
      failure ??= prepared;
      continue;
    }
    let answer: CommittedAnswer;
    try {
      answer = await attempt(call, prepared, model.timeouts);
    } catch (cause) {
      if (exchange.cancel.aborted) throw cancelled(exchange.cancel.reason, cause);
      call.asked = undefined;
      failure =
        cause instanceof GatewayError ? cause : new GatewayError(failureBeforeAnswer(cause), { cause });
      noteFailure(call, failure.code);
      continue;
    }
    if (answer.statusCode < 400 || CLIENTS_FAULT.has(answer.statusCode)) {
      exchange.fallback = model === call.candidates[0] ? '' : model.name;
      call.answer = answer;
      return;
    }
    noteFailure(call, String(answer.statusCode));
    const code = notForClients(answer);
    if (!code) refusal = answer;
    else failure = new GatewayError(code, { cause: new Error(`the provider answered ${answer.statusCode}`) });
  }
  if (!refusal) throw failure as GatewayError;
  noteDeployment(call, refusal.deployment);
  call.answer = refusal;
}

const ANOTHERS_TO_ANSWER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'field_not_supported',
  'endpoint_not_supported',
]);

/** @returns the error if this deployment can't carry the request, which another may */
function prepare(call: ChatCall, deployment: Deployment): PreparedCall | GatewayError {
  try {
    return prepareCall(call, deployment);
  } catch (error) {
    if (error instanceof GatewayError && ANOTHERS_TO_ANSWER.has(error.code)) return error;
    throw error;
  }
}

/** Ended by the client, which will not read this, or by the gateway, which says why. */
function cancelled(reason: unknown, cause?: unknown): GatewayError {
  return reason instanceof GatewayError ? reason : new GatewayError('client_cancelled', { cause });
}

function noteFailure({ exchange }: ChatCall, reason: string): void {
  exchange.failedAttempts.push({ upstream: exchange.upstream, target: exchange.target, reason });
}

/** Why a refusal can't go to the client as it came: it speaks of our affairs, or not in JSON. */
function notForClients(answer: CommittedAnswer): ErrorCode | undefined {
  // A provider's 401 is about the gateway's key, and its text may quote it.
  if (answer.statusCode === 401 || answer.statusCode === 403) return 'provider_auth_failed';
  const type = answer.headers['content-type'] ?? '';
  return String(type).includes('json') ? undefined : 'provider_invalid_answer';
}
