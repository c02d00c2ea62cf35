import type { ChatCall } from './chat-call.ts';
import { innerCalls } from './inner-call.ts';
import { abandonTurn } from './memory/end-turn.ts';
import { answerFromCache } from './stages/answer-from-cache.ts';
import { guardAnswer } from './stages/guard-answer.ts';
import { guardRequest } from './stages/guard-request.ts';
import { heldToSchema } from './stages/hold-to-schema.ts';
import { infer } from './stages/infer.ts';
import { keepAnswer } from './stages/keep-answer.ts';
import { passAnswer } from './stages/pass-answer.ts';
import { readRequest } from './stages/read-request.ts';
import { recallContext } from './stages/recall-context.ts';
import { rememberTurn } from './stages/remember-turn.ts';
import { reserveBudget } from './stages/reserve-budget.ts';
import { resolveModel, routeAgain } from './stages/resolve-model.ts';
import { settleAtEnd } from './stages/settle.ts';
import { shadowed } from './stages/shadow.ts';

/** The way of a question that the gateway asks by itself, on behalf of a call. */
const askInside = innerCalls(readRequest, [resolveModel, settleAtEnd, reserveBudget, infer]);

/** The way of what is asked about a conversation: what its guards keep from models they keep from this one as well. */
const askForContext = innerCalls(readRequest, [
  resolveModel,
  settleAtEnd,
  guardRequest,
  reserveBudget,
  infer,
  guardAnswer,
]);

/**
 * A chat completion's way, in order. A stage does its part on the call and knows none of the others; it ends the call
 * by throwing a GatewayError. Up to `infer` nothing has reached the client, after it nobody else is asked.
 */
const STAGES: readonly ((call: ChatCall) => void | Promise<void>)[] = [
  readRequest,
  resolveModel,
  settleAtEnd,
  recallContext(askForContext),
  routeAgain,
  guardRequest,
  answerFromCache(askInside),
  reserveBudget,
  heldToSchema(infer),
  keepAnswer,
  shadowed(askInside),
  guardAnswer,
  rememberTurn,
  passAnswer,
];

/** A call in a provider's own words comes prepared, and has one who may answer. */
const PASSTHROUGH: typeof STAGES = [settleAtEnd, reserveBudget, infer, passAnswer];

export async function runPassthrough(call: ChatCall): Promise<void> {
  for (const stage of PASSTHROUGH) await stage(call);
}

export function runChat(call: ChatCall): Promise<void> {
  // Of a call that goes on when its client has left: only then it is known what it came to.
  call.over = passStages(call);
  return call.over;
}

async function passStages(call: ChatCall): Promise<void> {
  try {
    for (const stage of STAGES) {
      const pending = stage(call);
      // Most have nothing to wait for.
      if (pending !== undefined) await pending;
    }
  } catch (error) {
    await abandonTurn(call);
    throw error;
  }
  const abandoned = abandonTurn(call);
  if (abandoned !== undefined) await abandoned;
}
