import type { FindingCategory, FindingState, Priority } from '../../contracts/finding.ts';
import type { Finding } from './finding.ts';

export const SORTS = [
  'priority',
  'newest',
  'updated',
  'impact',
  'effort',
  'rice',
  'weighted',
  'moscow',
  'severity',
] as const;
export type Sort = (typeof SORTS)[number];

export interface FindingQuery {
  readonly states?: readonly FindingState[] | undefined;
  readonly priorities?: readonly Priority[] | undefined;
  readonly categories?: readonly FindingCategory[] | undefined;
  readonly label?: string | undefined;
  /** `route=checkout`: of a dimension, or just a value of any. */
  readonly place?: string | undefined;
  readonly text?: string | undefined;
  readonly sort: Sort;
}

const SEVERITIES = ['critical', 'high', 'medium', 'low'];
const MOSCOW = ['must', 'should', 'could', 'wont'];

/** The most urgent first, whatever urgent means. Equal ones: the newer first. */
const ORDERS: Readonly<Record<Sort, (finding: Finding) => number | string>> = {
  priority: ({ priority }) => priority,
  newest: () => 0,
  updated: ({ updatedAt }) => -updatedAt,
  impact: ({ scores }) => -scores.impact,
  effort: ({ scores }) => scores.effort,
  rice: ({ scores }) => -scores.rice,
  weighted: ({ scores }) => -scores.weighted,
  moscow: ({ scores }) => MOSCOW.indexOf(scores.moscow),
  severity: ({ severity }) => SEVERITIES.indexOf(severity),
};

/** Those that fit, sorted. */
export function select(findings: readonly Finding[], query: FindingQuery): Finding[] {
  const { states, priorities, categories, label, place, text, sort } = query;
  const words = text?.toLowerCase();
  const order = ORDERS[sort];
  return findings
    .filter(
      (finding) =>
        (states === undefined || states.includes(finding.state)) &&
        (priorities === undefined || priorities.includes(finding.priority)) &&
        (categories === undefined || categories.includes(finding.category)) &&
        (label === undefined || finding.labels.includes(label)) &&
        (place === undefined || isAt(finding, place)) &&
        (words === undefined || `${finding.title} ${finding.sentence}`.toLowerCase().includes(words)),
    )
    .sort((a, b) => compare(order(a), order(b)) || b.openedAt - a.openedAt || compare(b.id, a.id));
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isAt({ where }: Finding, place: string): boolean {
  const mark = place.indexOf('=');
  const [dimension, value] = mark < 0 ? ['', place] : [place.slice(0, mark), place.slice(mark + 1)];
  return where.scopes.some((scope) =>
    Object.entries(scope).some(([name, each]) => each === value && (dimension === '' || dimension === name)),
  );
}
