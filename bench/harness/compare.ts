import { FULL } from './load-share.ts';
import type { Window } from './measure.ts';
import type { ByRound } from './one-at-a-time.ts';
import type { Run, Saturation } from './saturation.ts';
import { type Interval, interval, type Spread, spread, type Verdict, verdictOn } from './statistics.ts';
import type { Pair } from './suite.ts';

/** The figures of a subject over all rounds. */
export interface Row {
  subject: string;
  cpuMicrosecondsARequest: Spread;
  requestsPerSecond: Spread;
  p50: Spread;
  p99: Spread;
  subjectBusy: Spread;
  loadBusy: Spread;
  residentMegabytes: Spread;
  /** Requests of a window. */
  answered: Spread;
}

/** Two subjects, paired by round: what the rounds have in common (a busy machine) falls out. */
export interface Comparison {
  subject: string;
  against: string;
  /** The figure of the one over that of the other: CPU, unless something else is said. */
  ratio: Interval;
  /** Of the figure more: for CPU, microseconds a request. */
  added: Interval;
  verdict: Verdict;
}

export interface Table {
  name: string;
  rows: Row[];
  comparisons: Comparison[];
  /** Subjects that waited for the generator or the upstream: their figures are not their own. */
  starved: string[];
  /** Subjects that share the cores with the load, where both together had all of them. */
  full: string[];
  /** Subjects that had less than their core although the load could have given more. */
  idle: string[];
}

/** Share of its core from which on a load that has more of it than the subject of its own is what the subject waits for. */
const BUSY = 0.75;

function rowOf(subject: string, windows: readonly Window[]): Row {
  const over = (figure: (window: Window) => number): Spread => spread(windows.map(figure));
  return {
    subject,
    cpuMicrosecondsARequest: over((window) => window.cpuMicrosecondsARequest),
    requestsPerSecond: over((window) => window.requestsPerSecond),
    p50: over((window) => window.p50),
    p99: over((window) => window.p99),
    subjectBusy: over((window) => window.subjectBusy),
    loadBusy: over((window) => window.loadBusy),
    residentMegabytes: over((window) => window.residentMegabytes),
    answered: over((window) => window.requests),
  };
}

/**
 * Compares two subjects by a figure of theirs, a value a round for each. Whether they differ is read off the differences;
 * their ratio is NaN where noise has left a figure of the other at or below zero: nothing can be said to be so many times it.
 */
export function compared(
  subject: string,
  against: string,
  own: readonly number[],
  other: readonly number[],
): Comparison {
  const values = (figure: (value: number, beside: number) => number): number[] =>
    own.map((value, round) => figure(value, other[round] ?? Number.NaN));
  const hasRatio = other.every((value) => value > 0);
  const added = interval(values((value, beside) => value - beside));
  return {
    subject,
    against,
    ratio: interval(values((value, beside) => (hasRatio ? value / beside : Number.NaN))),
    added,
    verdict: verdictOn(added),
  };
}

/** Figures of an item of a round, by their names. */
export type Figures<T> = Readonly<Record<string, (one: T) => number>>;

/** Pairs of subjects by each of some figures, and only with who was here. */
export const comparedBy = <T>(found: ByRound<T>, pairs: readonly Pair[], figures: Figures<T>): Comparison[] =>
  pairs
    .filter(({ subject, against }) => found[subject] && found[against])
    .flatMap(({ subject, against }) =>
      Object.entries(figures).map(([name, figure]) => {
        const values = (of: string): number[] => (found[of] ?? []).map(figure);
        return {
          ...compared(subject, against, values(subject), values(against)),
          against: `${against}, ${name}`,
        };
      }),
    );

const compare = (subject: Row, against: Row): Comparison =>
  compared(
    subject.subject,
    against.subject,
    subject.cpuMicrosecondsARequest.values,
    against.cpuMicrosecondsARequest.values,
  );

/** The cores of a bench: the subject's and the load's. */
const CORES = 2;

/** One table for each case. */
export function tablesOf(
  { cases, pairs, sharing = {} }: Pick<Saturation, 'cases' | 'pairs' | 'sharing'>,
  run: Pick<Run, 'windows'>,
): Table[] {
  const workersOf = (subject: string): number => sharing[subject] ?? 1;
  const isFull = ({ subject, subjectBusy, loadBusy }: Row): boolean =>
    sharing[subject] !== undefined && subjectBusy.median + loadBusy.median >= FULL * CORES;
  const isStarved = ({ subject, subjectBusy, loadBusy }: Row): boolean =>
    loadBusy.median >= Math.max(BUSY, subjectBusy.median / workersOf(subject));
  return cases.map(({ name }) => {
    const rows = Object.entries(run.windows[name] ?? {}).map(([subject, windows]) => rowOf(subject, windows));
    const row = (subject: string): Row | undefined => rows.find((candidate) => candidate.subject === subject);
    const comparisons = pairs.flatMap((pair) => {
      const subject = row(pair.subject);
      const against = row(pair.against);
      return subject && against ? [compare(subject, against)] : [];
    });
    const waited = rows.filter(
      (row) => row.subjectBusy.median < FULL * workersOf(row.subject) && !isFull(row),
    );
    return {
      name,
      rows,
      comparisons,
      starved: waited.filter(isStarved).map(({ subject }) => subject),
      full: rows.filter(isFull).map(({ subject }) => subject),
      idle: waited.filter((row) => !isStarved(row)).map(({ subject }) => subject),
    };
  });
}
