import type { Cause } from '../../contracts/finding.ts';
import type { Counts } from '../signals/counts.ts';
import { scopeOf } from './describe.ts';
import type { Suspicion } from './suspicion.ts';

const WHY: Readonly<Record<string, string>> = {
  not_repeatable:
    'asks another upstream, and what fails may not be sent twice; an answer of its own (`status`, `body`) would do for these, too',
  unable:
    'has nobody who could take these requests: what is asked is not supported there, or all of it is out',
};

/** Why a fallback that is configured stood by while requests failed. Undefined: it is not about that. */
export function unusedFallback(counts: Counts, { signal, reason, places }: Suspicion): Cause | undefined {
  if (signal !== 'unused-fallback') return undefined;
  const names = places.flatMap((place) => {
    const { model, route } = scopeOf(counts, place);
    return model !== undefined ? [`model ${model}`] : route !== undefined ? [`route ${route}`] : [];
  });
  const whose = names.length === 0 ? '' : ` of ${names.join(' and ')}`;
  const why = WHY[reason] ?? `is not for ${reason.replace('_', ' ')}: what fails with it reaches the client`;
  return { kind: 'config', sentence: `The fallback${whose} ${why}.`, confidence: 0.85, change: null };
}
