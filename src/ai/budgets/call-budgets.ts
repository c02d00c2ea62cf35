import type { GatewayConfig } from '../../config/schema/index.ts';
import { type BudgetRule, budgetRules } from './rules.ts';

/** What calls of one config revision are held to, and how they are booked. */
export interface CallBudgets {
  readonly rules: readonly BudgetRule[];
  /** Rounds of tool calls since the user spoke; 0 = any number. */
  readonly maxDepth: number;
  /** Output tokens of a call that names no maximum. */
  readonly output: number;
  /** Searches of a call that lets its model make any number. */
  readonly searches: number;
  /** How end users stand in the ledger. */
  readonly users: GatewayConfig['ai']['ledger']['users'];
}

export const callBudgets = (config: Pick<GatewayConfig, 'consumers' | 'ai'>): CallBudgets => ({
  rules: budgetRules(config),
  maxDepth: config.ai.loops?.maxDepth ?? 0,
  output: config.ai.reserve.output,
  searches: config.ai.reserve.searches,
  users: config.ai.ledger.users,
});
