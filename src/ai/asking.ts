import { usageAtMost } from './budgets/estimate.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import type { Asking } from './models/selection.ts';

/** A call, as far as the choice of a target goes by it. */
export function askingOf({ exchange, request, bytes, budgets }: ChatCall): Asking {
  const { session, user, serviceTier, maxOutput, answers, usage: ofOperation } = request as ChatRequest;
  const usage = ofOperation?.atMost ?? usageAtMost(bytes.length, maxOutput || budgets.output * answers);
  return { asker: exchange, session, user, tier: serviceTier, usage };
}
