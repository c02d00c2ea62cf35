import type { Bill } from '../../contracts/engine.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import { RECENT, type Spending } from './spending.ts';
import type { Suspicion } from './suspicion.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
const MODEL = DIMENSIONS.indexOf('model');
const PROVIDER = DIMENSIONS.indexOf('provider');
/** Times its own usual rate, and standard deviations above it. */
const LEAST_RATIO = 3;
const LEAST_Z = 5;
/** Ticks in a row that must be twice the usual. */
const LEAST_TICKS = 9;
/** US dollars below which no rise, in two minutes, and no difference is worth a word. */
const LEAST_USD = 0.01;
/** Share by which ledger and provider may differ: rounding, and calls that ran over the edge of the period. */
const LEAST_DIFFERENCE = 0.02;

/** Who spends several times what it used to. */
export function spendingRises(counts: Counts, spending: Spending): Suspicion[] {
  const found: Suspicion[] = [];
  for (const spender of spending.all()) {
    const { rise, consumer, model, recent, mean } = spender;
    if (!rise || rise.ratio < LEAST_RATIO || rise.z < LEAST_Z) continue;
    const spent = recent.reduce((sum, usd) => sum + usd, 0);
    if (spent < LEAST_USD) continue;
    // The last ticks in a row that were above it.
    const first = recent.findLastIndex((usd) => usd < 2 * mean) + 1;
    if (recent.length - first < LEAST_TICKS) continue;
    const who = consumer > 1 ? counts.dictionary.name(CONSUMER, consumer) : 'somebody';
    const expected = mean * RECENT;
    found.push({
      detector: 'cost',
      signal: 'spend',
      reason: '',
      category: 'bug',
      family: 'cost',
      rank: 3,
      labels: ['cost'],
      parties: 1,
      mark: undefined,
      kind: KINDS.request,
      places: [
        [
          ...(consumer > 1 ? [{ dimension: CONSUMER, value: consumer }] : []),
          { dimension: MODEL, value: model },
        ],
      ],
      share: 1,
      since: counts.tick - RECENT + 1 + first,
      bad: 0,
      total: 0,
      expected: 0,
      statistic: rise.ratio,
      threshold: LEAST_RATIO,
      baseline: 'recent',
      sentence: `${who} spends ${rise.ratio.toFixed(1)} times its usual rate on ${counts.dictionary.name(MODEL, model)}.`,
      measured: {
        signal: 'spend',
        unit: 'usd',
        observed: spent,
        expected,
        ratio: expected > 0 ? spent / expected : null,
        interval: [spent, spent],
      },
      cause: {
        kind: 'consumer',
        sentence: `${who} asks for much more than it used to.`,
        confidence: 0.5,
        change: null,
      },
    });
  }
  return found;
}

/** A bill that is not what the ledger says. */
export function billDifference(counts: Counts, { provider, ledgerUsd, providerUsd }: Bill): Suspicion | null {
  const apart = Math.abs(providerUsd - ledgerUsd);
  const difference = apart / Math.max(providerUsd, ledgerUsd, Number.EPSILON);
  if (difference < LEAST_DIFFERENCE || apart < LEAST_USD) return null;
  const sentence = `Provider ${provider} bills ${providerUsd.toFixed(2)} USD where the ledger has ${ledgerUsd.toFixed(2)}.`;
  return {
    detector: 'cost',
    signal: 'bill',
    reason: 'ledger_differs',
    category: 'data',
    family: 'cost',
    rank: 3,
    labels: ['cost'],
    parties: 1,
    mark: undefined,
    kind: KINDS.request,
    places: [[{ dimension: PROVIDER, value: counts.dictionary.of(PROVIDER, provider) }]],
    share: 1,
    since: counts.tick,
    bad: 0,
    total: 0,
    expected: 0,
    statistic: difference,
    threshold: LEAST_DIFFERENCE,
    baseline: 'objective',
    sentence,
    measured: {
      signal: 'bill',
      unit: 'usd',
      observed: providerUsd,
      expected: ledgerUsd,
      ratio: ledgerUsd > 0 ? providerUsd / ledgerUsd : null,
      interval: [providerUsd, providerUsd],
    },
    cause: { kind: 'provider', sentence, confidence: 0.5, change: null },
  };
}
