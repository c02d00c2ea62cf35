import { GatewayError } from '../../errors/gateway-error.ts';
import { answerByRules } from '../answer-by-rules.ts';
import { noteDeployment } from '../attempt.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { isClientsFault, ModelTries, type Tried } from '../model-tries.ts';
import type { Model } from '../models/catalog.ts';
import { restingUntil } from '../models/deployment.ts';

/**
 * Asks one model after the other until one has begun to answer. Nothing of it has reached the client before this
 * returns, so that a failure up to the first byte is nobody's business but ours. Models whose targets all rest are
 * passed over; if nobody else answers, they are asked all the same, the least bad first, and then rules are, unless it
 * is known what is wrong with the request. When all fail, the client gets the last refusal that a provider gave in
 * words meant for it, else the last failure.
 */
export async function infer(call: ChatCall): Promise<void> {
  const { exchange } = call;
  let refusal: CommittedAnswer | undefined;
  let failure: GatewayError | undefined;
  let obstacle: GatewayError | undefined;
  const resting: Model[] = [];
  /** Of those that were asked, the ones that stand in for the first. */
  let standIns = 0;
  /** @returns whether the call has its answer */
  const ask = async (model: Model, leastBad: boolean): Promise<boolean> => {
    if (call.cancel.aborted) throw cancelled(call.cancel.reason);
    const tried: Tried = await new ModelTries(call, model).run(leastBad);
    if (tried.kind !== 'not-asked' && model !== call.candidates[0]) standIns++;
    if (tried.kind === 'answered') {
      exchange.fallback = model === call.candidates[0] ? '' : model.name;
      call.answer = tried.answer;
      return true;
    }
    if (call.cancel.aborted)
      throw cancelled(call.cancel.reason, tried.kind === 'refused' ? undefined : tried.error);
    if (tried.kind === 'refused') refusal = tried.answer;
    else if (tried.kind === 'failed') failure = tried.error;
    else {
      // Who could be asked may be one that rests.
      if (!leastBad && model.deployments.some((each) => restingUntil(each) > 0)) resting.push(model);
      // That another has failed says more, and so does that one's breaker is open.
      if (!obstacle || tried.error.code === 'breaker_open') obstacle = tried.error;
    }
    return false;
  };
  for (const model of call.candidates) {
    if (model.rules) continue;
    if (model.restingUntil() > 0) resting.push(model);
    else if (await ask(model, false)) return;
  }
  for (const model of resting.toSorted((a, b) => a.restingUntil() - b.restingUntil()))
    if (await ask(model, true)) return;
  const isWrong = refusal ? isClientsFault(refusal) : !failure && obstacle?.code === 'field_not_supported';
  for (const model of isWrong ? [] : call.candidates) {
    const answer = answerByRules(call, model);
    if (!answer) continue;
    exchange.fallback = model === call.candidates[0] ? '' : model.name;
    noteDeployment(call, answer.deployment);
    call.answer = answer;
    return;
  }
  if (call.candidates.length > 1 && standIns === 0) exchange.unusedFallback = 'unable';
  if (!refusal) throw failure ?? obstacle ?? new GatewayError('endpoint_not_supported');
  noteDeployment(call, refusal.deployment);
  call.answer = refusal;
}

/** Ended by the client, which will not read this, or by the gateway, which says why. */
function cancelled(reason: unknown, cause?: unknown): GatewayError {
  return reason instanceof GatewayError ? reason : new GatewayError('client_cancelled', { cause });
}
