import type { CauseKind, DetectorId, FindingCategory } from '../../contracts/finding.ts';
import { episodesOf } from '../findings/episodes.ts';
import type { Finding } from '../findings/finding.ts';
import { placeWords, sentenceOf } from '../findings/sentence.ts';

/** What one finding taught. */
export interface KnowledgeEntry {
  /** Of the finding. */
  readonly id: string;
  readonly at: number;
  readonly fingerprint: string;
  readonly title: string;
  readonly detector: DetectorId;
  readonly category: FindingCategory;
  readonly labels: readonly string[];
  readonly symptom: string;
  readonly place: string;
  readonly cause: { readonly kind: CauseKind; readonly sentence: string };
  readonly fix: string;
  readonly proof: string;
  /** Notes of the people who worked on it. */
  readonly notes: readonly string[];
  /** From its being found, or found again. */
  readonly minutesToResolve: number;
}

/** Of a finding that was resolved, which is to say: proven. */
export function entryOf(finding: Finding): KnowledgeEntry {
  const { verification, resolvedAt, cause, notes } = finding;
  const { openedAt } = episodesOf(finding).at(-1) ?? finding;
  return {
    id: finding.id,
    at: resolvedAt ?? finding.updatedAt,
    fingerprint: finding.fingerprint,
    title: finding.title,
    detector: finding.detector,
    category: finding.category,
    labels: finding.labels,
    symptom: sentenceOf({ ...finding, state: 'open', actions: [] }),
    place: placeWords(finding.where),
    cause: { kind: cause.kind, sentence: cause.sentence },
    fix: verification?.claim ?? '',
    proof: verification
      ? `${verification.bad} of ${verification.total} requests were bad after it, ${Math.round(verification.broken * 1000) / 10} % before`
      : '',
    notes: notes.map(({ text }) => text),
    minutesToResolve: Math.round(((resolvedAt ?? openedAt) - openedAt) / 60_000),
  };
}
