import type { CalendarWindow } from '../../lib/calendar-window.ts';
import { windowAt } from '../../lib/calendar-window.ts';
import { type BudgetRule, type BudgetUnit, budgetKey, type Caller } from './rules.ts';

/** One budget that a call draws on. */
export interface Draw {
  readonly rule: BudgetRule;
  readonly subject: string;
  readonly window: CalendarWindow;
  /** The store's. */
  readonly key: string;
}

/** What a call comes to, or may come to, by unit; usd -1 = nobody knows. */
export type Amounts = Readonly<Record<BudgetUnit, number>>;

/** The budgets that a call falls under. */
export function drawsOf(rules: readonly BudgetRule[], caller: Caller, now: number): Draw[] {
  const draws: Draw[] = [];
  for (const rule of rules) {
    for (const subject of rule.subjectsOf(caller)) {
      const window = windowAt(rule.per, now);
      draws.push({ rule, subject, window, key: budgetKey(rule, subject, window.startsAt) });
    }
  }
  return draws;
}
