import type { BudgetState } from '../../contracts/budget.ts';
import { CappedLabels } from '../../lib/capped-labels.ts';
import type { Meters } from '../../record/meters.ts';
import { Gauge, type Registry } from '../../telemetry/metrics.ts';
import type { Draw } from './draw.ts';

/** Subjects (consumers, groups, models, keys) that have series of their own. */
const MOST_SUBJECTS = 500;

interface Used {
  readonly labels: { budget: string; scope: string; unit: string; subject: string };
  readonly ratio: number;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

/** What budgets show of themselves. */
export class BudgetMeters {
  readonly refused: Meters['budgetRefused'];
  readonly lost: Meters['budgetSettlementsLost'];
  readonly degraded: Meters['degraded'];
  readonly #used = new Map<string, Used>();
  readonly #subjects: CappedLabels;
  readonly #now: () => number;

  /** @param now wall clock, milliseconds since the epoch: what a window holds is shown until its end */
  constructor(
    { budgetRefused, budgetSettlementsLost, degraded, isNamed }: Meters,
    metrics: Registry,
    now: () => number,
  ) {
    this.refused = budgetRefused;
    this.lost = budgetSettlementsLost;
    this.degraded = degraded;
    this.#now = now;
    this.#subjects = new CappedLabels(MOST_SUBJECTS, isNamed);
    const gauge = new Gauge({
      name: 'gateway_budget_used_ratio',
      help: 'Share of a budget that is spent or reserved in the window that runs, as last seen: 1 = all of it.',
      labelNames: ['budget', 'scope', 'unit', 'subject'],
      aggregator: 'max',
      registers: [metrics],
      collect: () => {
        gauge.reset();
        for (const [id, { labels, ratio, endsAt }] of this.#used) {
          if (endsAt > now()) gauge.set(labels, ratio);
          else this.#used.delete(id);
        }
      },
    });
  }

  show({ rule, subject: shownFor, window: { endsAt } }: Draw, { spent, held }: BudgetState): void {
    const { name: budget, scope, unit, limit } = rule;
    // As many as there are people: no series for each.
    if (scope === 'user' || scope === 'session') return;
    // A call that ends after its window says nothing of the present one.
    if (endsAt <= this.#now()) return;
    const subject = this.#subjects.value(shownFor);
    const ratio = limit === 0 ? 1 : (spent + held) / limit;
    this.#used.set(`${scope}/${budget}/${unit}/${subject}`, {
      labels: { budget, scope, unit, subject },
      ratio,
      endsAt,
    });
  }
}
