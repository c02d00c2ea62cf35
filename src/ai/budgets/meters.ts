import type { BudgetState } from '../../contracts/budget.ts';
import { CappedLabels } from '../../lib/capped-labels.ts';
import type { Meters } from '../../record/meters.ts';
import type { Draw } from './draw.ts';

/** Subjects (consumers, groups, models, keys) that have series of their own. */
const MOST_SUBJECTS = 500;

/** What budgets show of themselves. */
export class BudgetMeters {
  readonly refused: Meters['budgetRefused'];
  readonly lost: Meters['budgetSettlementsLost'];
  readonly degraded: Meters['degraded'];
  readonly #used: Meters['budgetUsed'];
  readonly #subjects = new CappedLabels(MOST_SUBJECTS);

  constructor({ budgetRefused, budgetSettlementsLost, budgetUsed, degraded }: Meters) {
    this.refused = budgetRefused;
    this.lost = budgetSettlementsLost;
    this.degraded = degraded;
    this.#used = budgetUsed;
  }

  show({ rule, subject }: Draw, { spent, held }: BudgetState): void {
    // As many as there are people: no series for each.
    if (rule.scope === 'user' || rule.scope === 'session') return;
    const labels = {
      budget: rule.name,
      scope: rule.scope,
      unit: rule.unit,
      subject: this.#subjects.value(subject),
    };
    this.#used.set(labels, rule.limit === 0 ? 1 : (spent + held) / rule.limit);
  }
}
