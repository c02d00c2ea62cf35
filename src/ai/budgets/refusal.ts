import type { BudgetState } from '../../contracts/budget.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Draw } from './draw.ts';
import { inWords } from './rules.ts';

/** The SDKs of OpenAI and Anthropic send a 429 again, twice and soon, unless they are told that it has no use. */
const NO_USE = { 'x-should-retry': 'false' };

/** Why a call is refused: what it would draw on is spent, or held by calls that still run. */
export function budgetRefusal(
  { rule, window }: Draw,
  amount: number,
  { spent, held }: BudgetState,
  now: number,
): GatewayError {
  const remaining = inWords(rule.unit, Math.max(0, rule.limit - spent - held));
  const detail = `Of ${inWords(rule.unit, rule.limit)} ${remaining} remain; the call may take ${inWords(rule.unit, amount)}.`;
  // Calls that run hold the rest, and may give some of it back at any moment; but each of them stays one call.
  const isOnlyHeld = rule.unit !== 'requests' && spent + amount <= rule.limit;
  const seconds = isOnlyHeld ? 1 : Math.max(1, Math.ceil((window.endsAt - now) / 1000));
  return new GatewayError(rule.isLoop ? 'loop_stopped' : 'budget_spent', {
    detail: rule.isLoop ? detail : `Budget ${rule.name}: ${detail[0]?.toLowerCase()}${detail.slice(1)}`,
    headers: { 'retry-after': String(seconds), ...(isOnlyHeld ? {} : NO_USE) },
    cause: new Error(`${rule.scope} budget ${rule.name}: ${spent} spent, ${held} held, ${amount} asked`),
  });
}
