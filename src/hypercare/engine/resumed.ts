import type { Detection } from '../../contracts/finding.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { type Mark, SIGNALS } from '../signals/marks.ts';
import type { Suspicion } from './suspicion.ts';

/** What a detection was made of, as far as it tells: for an engine that goes on with what another had found. */
export function suspicionOf(counts: Counts, detection: Detection): Suspicion {
  const { detector, reason, category, labels, what, where, why, severity, impact } = detection;
  const known = counts.marks.matching(`${what.signal}:${reason}`)[0];
  // The name of an objective is no reason that anything is counted under.
  const isMarked = detector !== 'objective-burn' && what.unit === 'rate' && what.signal in SIGNALS;
  const mark = known ?? (isMarked ? counts.marks.of(what.signal as Mark['signal'], reason) : undefined);
  return {
    detector,
    signal: what.signal,
    reason,
    category,
    family:
      mark?.rule.family ?? (detector === 'access' ? 'access' : detector === 'cost' ? 'cost' : 'service'),
    rank: mark?.rule.rank ?? 5,
    labels,
    parties: 1,
    mark,
    kind: mark?.rule.kind ?? 0,
    places: where.scopes.map((scope) =>
      DIMENSIONS.flatMap((name, dimension) => {
        const value = scope[name];
        return value === undefined ? [] : [{ dimension, value: counts.dictionary.of(dimension, value) }];
      }),
    ),
    share: where.share,
    since: counts.tick,
    bad: impact.requests,
    total: what.unit === 'rate' && what.observed > 0 ? impact.requests / what.observed : 0,
    expected:
      what.unit === 'rate' && what.observed > 0 ? (impact.requests / what.observed) * what.expected : 0,
    statistic: why.statistic,
    threshold: why.threshold,
    baseline: why.baseline,
    sentence: why.sentence,
    severity,
  };
}
