import { LEAST_AUTHORS } from '../engine/complaints.ts';
import { type Report, topicOf } from './report.ts';

/** Complaints of several people about the same thing, close together. */
export interface Cluster {
  /** That of its first report: it stays while others join. */
  readonly id: string;
  readonly topic: string;
  /** When the first of them was made, and the last; milliseconds since the epoch. */
  readonly since: number;
  readonly lastAt: number;
  readonly people: number;
  /** With what was said again. */
  readonly said: number;
  /** Newest first. */
  readonly reports: readonly Report[];
}

/**
 * As the detector `voice` sees them: the same topic, by three people within its window. Windows that overlap are one cluster.
 * It also compares with the hours before, and may find three as usual: a cluster need not have a finding.
 * @param reports newest first
 * @returns those that somebody joined last, first
 */
export function clustersOf(reports: readonly Report[], windowMs: number): Cluster[] {
  const complaints = reports.filter((report) => topicOf(report) !== '').reverse();
  return [...Map.groupBy(complaints, topicOf)]
    .flatMap(([topic, all]) => runsOf(all, windowMs).map((run) => clusterOf(topic, run)))
    .sort((a, b) => b.lastAt - a.lastAt);
}

/** @param complaints about one thing, oldest first */
function runsOf(complaints: readonly Report[], windowMs: number): Report[][] {
  const runs: [from: number, end: number][] = [];
  const authors = new Map<string, number>();
  let end = 0;
  for (const [from, first] of complaints.entries()) {
    for (let next = complaints[end]; next && next.at - first.at < windowMs; next = complaints[++end])
      authors.set(next.author, (authors.get(next.author) ?? 0) + 1);
    if (authors.size >= LEAST_AUTHORS) {
      const last = runs.at(-1);
      if (last && from < last[1]) last[1] = end;
      else runs.push([from, end]);
    }
    const left = (authors.get(first.author) ?? 0) - 1;
    if (left > 0) authors.set(first.author, left);
    else authors.delete(first.author);
  }
  return runs.map(([from, until]) => complaints.slice(from, until));
}

function clusterOf(topic: string, run: readonly Report[]): Cluster {
  const [first] = run as [Report];
  return {
    id: first.id,
    topic,
    since: first.at,
    lastAt: Math.max(...run.map(({ lastAt }) => lastAt)),
    people: new Set(run.map(({ author }) => author)).size,
    said: run.reduce((sum, { count }) => sum + count, 0),
    reports: run.toReversed(),
  };
}
