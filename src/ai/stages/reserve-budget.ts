import type { Usage } from '../../contracts/usage.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { addUsage } from '../add-usage.ts';
import { sessionOf } from '../asking.ts';
import type { AskedModel } from '../budgets/asked-models.ts';
import { chargeOf } from '../budgets/charge.ts';
import { type Amounts, type Draw, drawsOf } from '../budgets/draw.ts';
import { dearKinds, onceAtMost } from '../budgets/once-at-most.ts';
import { costOfOthers, namesOfOthers, othersAtMost, othersOf } from '../budgets/others-at-most.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import type { DearKinds } from '../cost-at-most.ts';
import type { Model } from '../models/catalog.ts';

/** Header of an answer whose budget is past its soft threshold. */
export const BUDGET_HEADER = 'x-gateway-budget';

/**
 * Reserves what the call may come to, on all the budgets that it falls under. No provider is asked before this returns,
 * and every way to one leads through here. What is held is settled at the call's end (`settle`).
 */
export function reserveBudget(call: ChatCall): void | Promise<void> {
  try {
    checkDepth(call);
    // Most fall under none.
    if (call.budgets.rules.length > 0) return reserve(call).catch((error) => failed(call, error));
  } catch (error) {
    failed(call, error);
  }
}

/** One that was kept and may not be given is no answer, and nothing is saved by it. */
function failed(call: ChatCall, error: unknown): never {
  if (call.answer?.fromCache) {
    call.answer = undefined;
    const { ai } = call.exchange;
    if (ai) Object.assign(ai, { provider: '', upstreamModel: '', version: '' });
  }
  throw error;
}

function checkDepth({ budgets: { maxDepth }, request }: ChatCall): void {
  const facts = request as ChatRequest;
  if (maxDepth > 0 && facts.toolRounds > maxDepth) {
    throw new GatewayError('loop_stopped', {
      detail: `There were ${facts.toolRounds} rounds of tool calls since the user spoke; ${maxDepth} may be.`,
      headers: { 'x-should-retry': 'false' },
    });
  }
}

async function reserve(call: ChatCall): Promise<void> {
  const { exchange, request, budgets, ports, candidates } = call;
  const { rules } = budgets;
  const facts = request as ChatRequest;
  const { fromCache } = call.answer ?? {};
  // An answer that was given before is paid.
  const isReplay = exchange.context?.status === 'replay';
  if (fromCache?.charge === 0 || isReplay) return;
  const { consumer, consumerGroups: groups, consumerKey } = exchange;
  const others = fromCache ? [] : othersOf(call);
  const caller = {
    consumer,
    groups,
    key: consumerKey === '' ? '' : `${consumer}/${consumerKey}`,
    user: facts.user,
    models: [exchange.ai?.model ?? '', ...namesOf(candidates[0]), ...namesOfOthers(call, others)],
    session: sessionOf(exchange, facts),
  };
  const now = ports.clock.wall();
  const draws = drawsOf(rules, caller, now);
  // Whichever that is, no budget of its own would hold it, and nobody knows its price.
  const isChosen = others.some(({ model }) => model === '');
  if (
    isChosen &&
    (draws.some(({ rule }) => rule.unit === 'usd') || rules.some(({ scope }) => scope === 'model'))
  )
    throw new GatewayError('budget_unpriced', {
      detail: 'Its provider would choose another model that it asks: name it.',
    });
  if (draws.length === 0) return;
  // One request may stand for any number: of a batch, of a session that goes on past the gateway.
  if (facts.isLater)
    throw new GatewayError('budget_unpriced', {
      detail: 'It is done behind its answer, where no budget sees what it comes to, nor how many requests.',
    });
  const isMetered = draws.some(({ rule }) => rule.unit !== 'requests');
  if (isMetered && (facts.isUnknowable || facts.usage?.isUnknowable?.()))
    throw new GatewayError('budget_unpriced', {
      detail: 'What it comes to is known neither before nor after.',
    });
  const amounts = fromCache ? chargeOf(fromCache) : atMost(call, facts, others);
  const hold = await ports.accounts.reserve(draws, amounts);
  if (exchange.ended) {
    // The client left meanwhile, and the end of the call has passed.
    ports.accounts.settle(hold, { usd: 0, tokens: 0, requests: 0 });
    throw new GatewayError('client_cancelled');
  }
  call.hold = hold;
  const warning = draws
    .map((draw, at) => warningOf(draw, hold.states[at], now))
    .filter((text) => text !== '');
  if (warning.length > 0) call.reply?.header(BUDGET_HEADER, warning.join(', '));
}

const namesOf = (model: Model | undefined): string[] => (model ? [model.name, ...model.aliases] : []);

function atMost(call: ChatCall, facts: ChatRequest, others: readonly AskedModel[]): Amounts {
  const once = onceAtMost(call);
  // An answer that breaks its prompt's schema is sent back with what was asked: once more all of it, and itself.
  const usage = call.prompt?.checkOutput
    ? { ...addUsage(once, once), input: 2 * once.input + once.output }
    : once;
  const kinds = dearKinds(call);
  const usd = costAtMost(call.candidates, usage, facts.serviceTier, kinds);
  const beside = othersAtMost(others, usage, call.bytes, call.budgets.output);
  const usdBeside = costOfOthers(call, beside, facts.serviceTier, kinds);
  return {
    usd: usd < 0 || usdBeside < 0 ? -1 : usd + usdBeside,
    tokens: beside.reduce(
      (sum, each) => sum + each.usage.input + each.usage.output,
      usage.input + usage.output,
    ),
    requests: 1,
  };
}

/** The dearest of all that may answer; -1 if one of them has no price. */
function costAtMost(models: readonly Model[], usage: Usage, tier: string, kinds: DearKinds): number {
  const costs = models.map((model) => model.costAtMost(usage, tier, kinds));
  return costs.includes(-1) ? -1 : Math.max(0, ...costs);
}

/** `storefront;used=0.83;reset=3600`; '' below the soft threshold. */
function warningOf(
  { rule, window }: Draw,
  state: { spent: number; held: number } | undefined,
  now: number,
): string {
  if (!state || rule.limit === 0) return '';
  const used = (state.spent + state.held) / rule.limit;
  if (used < rule.soft) return '';
  return `${rule.name};used=${Math.min(1, used).toFixed(2)};reset=${Math.ceil((window.endsAt - now) / 1000)}`;
}
