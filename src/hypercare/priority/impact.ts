import type { Impact } from '../../contracts/finding.ts';

/** How much a route matters, as the config says. */
export type Tier = 'critical' | 'high' | 'normal' | 'low';

const TIERS: Readonly<Record<Tier, number>> = { critical: 1.5, high: 1, normal: 0.5, low: 0 };
/** People (else consumers), and requests, from which on a point is given each. */
const PEOPLE = [2, 20, 200, 2000];
const REQUESTS = [20, 500, 10_000, 200_000];

/**
 * 1 to 5: of people and of requests the larger counts, then the tier of the route and the share of its requests.
 * Unknown is no reason to think it small: people unknown, requests speak.
 */
export function impactOf(impact: Impact, tier: Tier): number {
  const people = impact.users ?? impact.consumers;
  const reach = Math.max(people === null ? 0 : stepsOf(people, PEOPLE), stepsOf(impact.requests, REQUESTS));
  const share = impact.share >= 0.5 ? 1 : impact.share >= 0.1 ? 0.5 : 0;
  const budget = (impact.budgetBurnt ?? 0) >= 0.5 ? 1 : 0;
  return Math.min(5, Math.max(1, Math.round(1 + reach * 0.6 + TIERS[tier] + share + budget)));
}

const stepsOf = (value: number, steps: readonly number[]): number =>
  steps.filter((step) => value >= step).length;
