import type { BudgetState } from '../../contracts/budget.ts';
import type { OnStateChange } from '../../contracts/state-change.ts';
import type { Draw } from './draw.ts';
import { type BudgetRule, inWords } from './rules.ts';

/** Below its soft threshold, past it, or nothing left. */
export type Level = 'ok' | 'soft' | 'spent';

export const levelOf = ({ limit, soft }: Pick<BudgetRule, 'limit' | 'soft'>, spent: number): Level =>
  spent >= limit ? 'spent' : spent >= soft * limit ? 'soft' : 'ok';

/** Budgets whose level is remembered. Beyond it the longest unchanged one is forgotten, and may be told twice. */
const MOST = 10_000;

/** Tells once when a budget passes its soft threshold, is spent, or begins anew. */
export class BudgetLevels {
  readonly #onChange: OnStateChange;
  readonly #levels = new Map<string, { level: Level; startsAt: number }>();

  constructor(onChange: OnStateChange) {
    this.#onChange = onChange;
  }

  /** @param at wall clock, milliseconds since the epoch */
  note({ rule, subject, window }: Draw, { spent }: BudgetState, at: number): void {
    const id = `${rule.scope}/${rule.name}/${rule.unit}/${subject}`;
    const known = this.#levels.get(id);
    // A call that ends after its window says nothing of the present one.
    if (known && known.startsAt > window.startsAt) return;
    const level = levelOf(rule, spent);
    const from = known?.level ?? 'ok';
    if (level === from && known?.startsAt === window.startsAt) return;
    this.#levels.delete(id);
    if (level !== 'ok') this.#levels.set(id, { level, startsAt: window.startsAt });
    if (this.#levels.size > MOST) this.#levels.delete(this.#levels.keys().next().value as string);
    if (level === from) return;
    this.#onChange({
      at,
      kind: 'budget',
      // Whose session or user it is is the application's affair: the budget's name has to do.
      subject: rule.scope === 'user' || rule.scope === 'session' ? rule.name : `${rule.name} ${subject}`,
      from,
      to: level,
      reason: `${inWords(rule.unit, spent)} of ${inWords(rule.unit, rule.limit)} spent`,
      by: 'gateway',
    });
  }
}
