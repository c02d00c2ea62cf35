import type { AiFacts } from '../../contracts/exchange.ts';
import type { Usage } from '../../contracts/usage.ts';
import type { ChatCall } from '../chat-call.ts';
import { promptText } from '../prompt-text.ts';

/** Arranges for the bill: once, in whatever ending the call comes to. */
export function settleAtEnd(call: ChatCall): void {
  call.exchange.atEnd(() => settle(call));
}

function settle(call: ChatCall): void | Promise<void> {
  const { answer, facts, exchange } = call;
  const ai = exchange.ai;
  // Nobody answered, or the answer was a refusal: nothing was generated and nothing is owed.
  if (!ai || !answer || answer.statusCode >= 300) return;
  ai.finishReason = facts.finishReason;
  if (facts.usage) {
    bill(call, ai, facts.usage, 'reported');
    return;
  }
  return estimate(call, ai);
}

/** Tokens that a chat's own form costs beside the text: 3 a message and 3 for the answer's start (OpenAI's cookbook). */
const TOKENS_A_MESSAGE = 3;

async function estimate(call: ChatCall, ai: AiFacts): Promise<void> {
  const prompt = promptText(call.bytes);
  try {
    const [input = 0, output = 0] = await call.ports.tokens.count(ai.upstreamModel, [
      prompt.text,
      call.facts.text,
    ]);
    const form = TOKENS_A_MESSAGE * (prompt.messages + 1);
    bill(call, ai, { input: input + form, output, cached: 0 }, 'estimated');
  } catch (error) {
    call.ports.log.error({ err: error, request_id: call.exchange.id }, 'tokens could not be estimated');
  }
}

function bill(call: ChatCall, ai: AiFacts, usage: Usage, source: 'reported' | 'estimated'): void {
  ai.tokensIn = usage.input;
  ai.tokensOut = usage.output;
  ai.tokensCached = usage.cached;
  ai.usageSource = source;
  ai.usd = call.answer ? call.answer.deployment.price(usage) : -1;
}
