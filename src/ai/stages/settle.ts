import type { AiFacts, Outcome } from '../../contracts/exchange.ts';
import type { AnswerFacts } from '../../contracts/usage.ts';
import { cutText } from '../../lib/cut-text.ts';
import { billOf, billOthers, sumOf } from '../bill.ts';
import { chargeOf } from '../budgets/charge.ts';
import type { FromCache } from '../cache/kept-answer.ts';
import type { Bill, ChatCall, ChatRequest, EarlierBill } from '../chat-call.ts';
import { ledgerRow } from '../ledger-row.ts';
import { outcomeOf } from '../outcome.ts';
import { PartFacts } from '../part-facts.ts';
import { LONGEST_NAME } from '../request-facts.ts';

/** Arranges for the bill: once, in whatever ending the call comes to. What was asked is looked at meanwhile. */
export function settleAtEnd(call: ChatCall): void {
  const { exchange } = call;
  if (exchange.ai)
    call.ports.drift.observe(exchange.ai, {
      bytes: call.bytes.length,
      sample: call.request?.sample ?? '',
    });
  exchange.atEnd(() => {
    const goesOn = exchange.cancel.aborted && call.cancel !== exchange.cancel && call.over;
    const end = () => settle(call);
    return goesOn ? goesOn.then(end, end) : end();
  });
}

/** Of a second answer that never came. */
const NOTHING: Bill = { usage: { input: 0, output: 0, cached: 0 }, source: 'reported', usd: 0 };

/** It must not fail: it runs where a connection has closed and nobody could catch. */
function settle(call: ChatCall): void | Promise<void> {
  const ai = call.exchange.ai;
  if (!ai) return;
  const facts = call.answer ? call.answer.facts : unheard(call);
  ai.outcome = outcome(call, facts);
  if (call.counting.length === 0) return settleCounted(call, ai, facts);
  call.settled = Promise.all(call.counting).then(() => settleCounted(call, ai, facts));
  return call.settled;
}

/** What was owed before is on the bill. */
function settleCounted(call: ChatCall, ai: AiFacts, facts: AnswerFacts | undefined): void | Promise<void> {
  // Nobody was reached, or the answer was a refusal: nothing was generated and nothing is owed.
  if (!facts) return call.earlier.length > 0 ? enter(call, ai, NOTHING) : book(call, ai, undefined);
  ai.finishReason = cutText(facts.finishReason, LONGEST_NAME);
  ai.confidence = facts.confidence;
  ai.tool = cutText(facts.tool, LONGEST_NAME);
  const { fromCache } = call.answer ?? {};
  if (fromCache) return enterCached(call, ai, fromCache);
  const by = call.answer?.deployment ?? call.asked;
  if (by) billOthers(call, by, facts);
  const bill = billOf(call, facts, by);
  if (!(bill instanceof Promise)) return enter(call, ai, bill);
  call.settled = bill.then((counted) => enter(call, ai, counted));
  return call.settled;
}

/** No provider was asked, and none is owed: what the answer had cost is what was saved. */
function enterCached(call: ChatCall, ai: AiFacts, fromCache: FromCache): void {
  const { usage, usd } = fromCache.bill;
  ai.tokensIn = usage.input;
  ai.tokensOut = usage.output;
  ai.tokensCached = usage.cached;
  ai.usageSource = 'cached';
  ai.usd = 0;
  ai.savedUsd = usd;
  const { exchange, hold, ports, request, budgets } = call;
  if (hold) ports.accounts.settle(hold, chargeOf(fromCache));
  ports.ledger.write(ledgerRow(exchange, ai, request as ChatRequest, undefined, budgets.users));
}

/** The end of the money's way: what was held is settled, and a call that reached a provider is in the books. */
function book(call: ChatCall, ai: AiFacts, last: Bill | undefined): void {
  const { exchange, hold, ports, earlier, budgets } = call;
  // Who can't be reached was asked; of a client that left before anything was sent nobody was.
  const wasAsked = exchange.attempts > 0 && (call.sentAt >= 0 || !exchange.cancel.aborted);
  if (hold) {
    ports.accounts.settle(hold, {
      // Though nobody knows what a part of it costs, the rest is owed.
      usd: last ? [last, ...earlier].reduce((sum, { usd }) => sum + Math.max(0, usd), 0) : 0,
      tokens: last ? ai.tokensIn + ai.tokensOut : 0,
      requests: wasAsked ? 1 : 0,
    });
  }
  if (!wasAsked) return;
  const row = (bill?: Bill | EarlierBill): void =>
    ports.ledger.write(ledgerRow(exchange, ai, call.request as ChatRequest, bill, budgets.users));
  for (const bill of earlier) row(bill);
  row(last);
}

function outcome(call: ChatCall, facts: AnswerFacts | undefined): Outcome {
  const { exchange, answer } = call;
  return outcomeOf({
    reason: exchange.reason,
    status: exchange.status,
    asked: exchange.attempts > 0,
    fallback: exchange.fallback,
    byRules: answer?.byRules === true && exchange.context?.status !== 'replay',
    isFiltered: answer?.kind === 'whole' && answer.isFiltered === true,
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

function enter(call: ChatCall, ai: AiFacts, last: Bill): void {
  const { usage, source, usd } = call.earlier.reduce(sumOf, last);
  ai.tokensIn = usage.input;
  ai.tokensOut = usage.output;
  ai.tokensCached = usage.cached;
  ai.usageSource = source;
  ai.usd = usd;
  const pace = call.answer?.facts?.pace;
  if (pace) {
    ai.longestGapMs = pace.longestGapMs;
    const { output, reasoning = 0 } = last.usage;
    // What was thought in silence came before the first of them.
    const spoken = pace.thinksAloud ? output : output - reasoning;
    if (spoken > 1) ai.msPerToken = (pace.lastAt - pace.firstAt) / (spoken - 1);
  }
  book(call, ai, last);
}
