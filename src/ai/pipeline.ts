import type { ChatCall } from './chat-call.ts';
import { guardAnswer } from './stages/guard-answer.ts';
import { guardRequest } from './stages/guard-request.ts';
import { heldToSchema } from './stages/hold-to-schema.ts';
import { infer } from './stages/infer.ts';
import { passAnswer } from './stages/pass-answer.ts';
import { readRequest } from './stages/read-request.ts';
import { reserveBudget } from './stages/reserve-budget.ts';
import { resolveModel } from './stages/resolve-model.ts';
import { settleAtEnd } from './stages/settle.ts';

/**
 * A chat completion's way, in order. A stage does its part on the call and knows none of the others; it ends the call
 * by throwing a GatewayError. Up to `infer` nothing has reached the client, after it nobody else is asked.
 */
const STAGES: readonly ((call: ChatCall) => void | Promise<void>)[] = [
  readRequest,
  resolveModel,
  settleAtEnd,
  guardRequest,
  reserveBudget,
  heldToSchema(infer),
  guardAnswer,
  passAnswer,
];

/** A call in a provider's own words comes prepared, and has one who may answer. */
const PASSTHROUGH: typeof STAGES = [settleAtEnd, reserveBudget, infer, passAnswer];

export async function runPassthrough(call: ChatCall): Promise<void> {
  for (const stage of PASSTHROUGH) await stage(call);
}

export async function runChat(call: ChatCall): Promise<void> {
  for (const stage of STAGES) await stage(call);
}
