import { DIMENSIONS } from '../../record/signals/layout.ts';
import { countZ } from '../detectors/proportions.ts';
import { CONTEXT_INTEGRITY } from '../findings/classify.ts';
import type { Counts } from '../signals/counts.ts';
import { KINDS } from '../signals/leaves.ts';
import { complaintAbout } from '../signals/marks.ts';
import type { Complaint } from './intake.ts';
import type { Where } from './place.ts';
import { HOUR } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

/** People who must say the same within an hour. */
export const LEAST_AUTHORS = 3;
/** And how far above the hours before. */
const LEAST_Z = 2;
/** What "it forgot what I said" is about. */
const CONTEXT_TOPICS: ReadonlySet<string> = new Set([CONTEXT_INTEGRITY, 'forgot', 'context', 'repeats']);

/** Complaints of several people about the same thing. */
export function complaintClusters(counts: Counts, complaints: readonly Complaint[]): Suspicion[] {
  const { tick } = counts;
  const byTopic = Map.groupBy(complaints, ({ topic }) => topic);
  return [...byTopic].flatMap(([topic, all]) => {
    const lately = all.filter((each) => each.tick > tick - HOUR);
    const authors = new Set(lately.map(({ author, requestId }) => (author === 0 ? requestId : author)));
    if (authors.size < LEAST_AUTHORS) return [];
    const hoursBefore = Math.max(1, (tick - HOUR) / HOUR);
    const usual = (all.length - lately.length) / hoursBefore;
    const z = countZ(lately.length, usual);
    if (z < LEAST_Z) return [];
    return [suspicionOf(counts, topic, lately, authors.size, usual, z)];
  });
}

function suspicionOf(
  counts: Counts,
  topic: string,
  lately: readonly Complaint[],
  authors: number,
  usual: number,
  z: number,
): Suspicion {
  const first = Math.min(...lately.map(({ tick }) => tick));
  const isContext = CONTEXT_TOPICS.has(topic);
  return {
    detector: 'voice',
    signal: 'voice',
    reason: complaintAbout(topic),
    category: isContext ? 'data' : 'usability',
    family: 'service',
    rank: 7,
    labels: isContext ? [CONTEXT_INTEGRITY] : [],
    parties: 1,
    mark: counts.marks.of('voice', complaintAbout(topic)),
    kind: KINDS.feedback,
    places: [inCommon(counts, lately)],
    share: 1,
    since: first,
    bad: lately.length,
    total: lately.length,
    expected: usual,
    statistic: authors,
    threshold: LEAST_AUTHORS,
    baseline: 'recent',
    sentence: `${authors} people complain about the same thing (${topic}) within an hour; usually ${usual.toFixed(1)} (z ${z.toFixed(1)}).`,
    measured: {
      signal: 'voice',
      unit: 'count',
      observed: lately.length,
      expected: usual,
      ratio: usual > 0 ? lately.length / usual : null,
      interval: [lately.length, lately.length],
    },
    ...(isContext
      ? {
          cause: {
            kind: 'context' as const,
            sentence: 'People say that it forgets.',
            confidence: 0.55,
            change: null,
          },
        }
      : {}),
  };
}

/** Where all of them were. */
function inCommon(counts: Counts, complaints: readonly Complaint[]): Where[] {
  return DIMENSIONS.flatMap((name, dimension) => {
    if (name === 'revision' || name === 'consumer' || name === 'release') return [];
    const values = new Set(complaints.map(({ leaf }) => counts.leaves.value(leaf, dimension)));
    const [value] = values;
    return values.size === 1 && value !== undefined && value > 1 ? [{ dimension, value }] : [];
  }).slice(0, 3);
}
