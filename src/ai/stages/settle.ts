import type { AiFacts, Outcome } from '../../contracts/exchange.ts';
import type { AnswerFacts, Usage } from '../../contracts/usage.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import { ledgerRow } from '../ledger-row.ts';
import { outcomeOf } from '../outcome.ts';
import { PartFacts } from '../part-facts.ts';
import { formTokens, promptText } from '../prompt-text.ts';
import { tokensByLength } from '../tokens/counter.ts';

/** Arranges for the bill: once, in whatever ending the call comes to. */
export function settleAtEnd(call: ChatCall): void {
  call.exchange.atEnd(() => settle(call));
}

/** It must not fail: it runs where a connection has closed and nobody could catch. */
function settle(call: ChatCall): void | Promise<void> {
  const ai = call.exchange.ai;
  if (!ai) return;
  const facts = call.answer ? call.answer.facts : unheard(call);
  ai.outcome = outcome(call, facts);
  call.ports.drift.observe(ai.model, { bytes: call.bytes.length, sample: call.request?.sample ?? '' });
  // Nobody was reached, or the answer was a refusal: nothing was generated and nothing is owed.
  if (!facts) return book(call, ai, undefined);
  ai.finishReason = facts.finishReason;
  ai.confidence = facts.confidence;
  if (facts.usage) return bill(call, ai, facts.usage, 'reported');
  const { usage } = call.request as ChatRequest;
  if (!usage) return estimate(call, ai, facts);
  bill(call, ai, usage.otherwise, 'estimated');
}

/** The end of the money's way: what was held is settled, and a call that reached a provider is in the books. */
function book(call: ChatCall, ai: AiFacts, usage: Usage | undefined): void {
  const { exchange, hold, ports } = call;
  const wasAsked = exchange.attempts > 0;
  if (hold) {
    ports.accounts.settle(hold, {
      usd: usage ? ai.usd : 0,
      tokens: usage ? usage.input + usage.output : 0,
      requests: wasAsked ? 1 : 0,
    });
  }
  if (wasAsked)
    ports.ledger.write(ledgerRow(exchange, ai, call.request as ChatRequest, usage, call.budgets.users));
}

function outcome(call: ChatCall, facts: AnswerFacts | undefined): Outcome {
  const { exchange, answer } = call;
  return outcomeOf({
    reason: exchange.reason,
    status: exchange.status,
    asked: exchange.attempts > 0,
    fallback: exchange.fallback,
    byRules: false,
    answer: answer && facts && { ...readOf(facts), schemaFailed: isNoJson(call, facts) },
  });
}

const readOf = ({ finishReason, characters, refused, malformedToolCall }: AnswerFacts) => ({
  finishReason,
  characters,
  refused,
  malformedToolCall,
});

/** JSON was asked for, and what was said is none. An answer that we don't know whole is not judged. */
function isNoJson({ request }: ChatCall, { said }: AnswerFacts): boolean {
  if (!request?.wantsJson || said === undefined) return false;
  try {
    JSON.parse(said);
    return false;
  } catch {
    return true;
  }
}

/** A provider that was still at work when its client left has read the prompt, and bills it. */
function unheard({ asked, exchange }: ChatCall): AnswerFacts | undefined {
  return asked && exchange.cancel.aborted ? new PartFacts() : undefined;
}

async function estimate(call: ChatCall, ai: AiFacts, facts: AnswerFacts): Promise<void> {
  const prompt = promptText(call.bytes);
  const { text, characters, earlyUsage } = facts;
  let tokens: number[];
  try {
    tokens = await call.ports.tokens.count(ai.upstreamModel, [prompt.text, text]);
  } catch (error) {
    call.ports.log.error(
      { err: error, request_id: call.exchange.id },
      'tokens could not be counted: estimated by length',
    );
    tokens = tokensByLength([prompt.text, text]);
  }
  const [input = 0, output = 0] = tokens;
  // Of a long answer only the beginning was kept.
  const all = text.length === 0 ? 0 : Math.round((output * characters) / text.length);
  const asked = earlyUsage ?? { input: input + formTokens(prompt.messages), cached: 0 };
  bill(call, ai, { ...asked, output: all }, 'estimated');
}

function bill(call: ChatCall, ai: AiFacts, usage: Usage, source: 'reported' | 'estimated'): void {
  ai.tokensIn = usage.input;
  ai.tokensOut = usage.output;
  ai.tokensCached = usage.cached;
  ai.usageSource = source;
  const pace = call.answer?.facts?.pace;
  if (pace) {
    ai.longestGapMs = pace.longestGapMs;
    if (usage.output > 1) ai.msPerToken = (pace.lastAt - pace.firstAt) / (usage.output - 1);
  }
  // What was asked for may be `auto`: what was given counts.
  const tier = call.answer?.facts?.serviceTier || (call.request as ChatRequest).serviceTier;
  try {
    ai.usd = (call.answer?.deployment ?? call.asked)?.price(usage, tier) ?? -1;
  } catch (error) {
    call.ports.log.error({ err: error, request_id: call.exchange.id }, 'the price could not be computed');
  }
  book(call, ai, usage);
}
