import { usageAtMost } from './budgets/estimate.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';
import type { Asking } from './models/selection.ts';

/** A call, as far as the choice of a target goes by it. */
export function askingOf({ exchange, request, bytes, budgets }: ChatCall): Asking {
  const { user, serviceTier, maxOutput, answers, usage: ofOperation } = request as ChatRequest;
  return {
    asker: exchange,
    session: sessionOf(exchange, request as ChatRequest),
    user,
    tier: serviceTier,
    usage: () => ofOperation?.atMost() ?? usageAtMost(bytes.length, maxOutput || budgets.output * answers),
  };
}

/**
 * The conversation that a call is part of, as its client names it or the gateway keeps it: of a sub-agent the one of who has
 * started it; '' = none.
 */
export const sessionOf = (
  { context }: ChatCall['exchange'],
  { session, conversation }: Pick<ChatRequest, 'session' | 'conversation'>,
): string => session || context?.within || context?.session || conversation;
