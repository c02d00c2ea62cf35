import type { Dimension } from '../../contracts/signal.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Leaf } from '../localisation/cube.ts';
import { likelihoodRatio } from '../localisation/excess.ts';
import { localise } from '../localisation/localise.ts';
import { type Counts, DECAY } from '../signals/counts.ts';
import { KIND, RING } from '../signals/leaves.ts';
import type { Mark } from '../signals/marks.ts';

/** One value of one dimension, by the dictionary's numbers. */
export interface Where {
  readonly dimension: number;
  readonly value: number;
}

/** A place that holds a part of an excess. */
export interface FoundPlace {
  readonly conditions: readonly Where[];
  readonly bad: number;
  readonly total: number;
  readonly expected: number;
  readonly evidence: number;
}

export interface Found {
  readonly places: readonly FoundPlace[];
  /** Bad ones beyond what was expected, everywhere. */
  readonly excess: number;
}

/** Where two names mean the same requests, the one that stands earlier is said. */
const PRECEDENCE: readonly Dimension[] = [
  'promptVersion',
  'prompt',
  'model',
  'provider',
  'upstream',
  'route',
  'target',
  'version',
  'region',
  'app',
  'release',
  'consumer',
];
/** Dimensions that are looked at together: those that differ most. */
const MOST_DIMENSIONS = 8;
/** Values of one dimension that are told apart: those with the most bad ones. 8 of 60 are told apart by a number. */
const MOST_VALUES = 60;
/** Signals of a leaf's past below which what the config says is usual counts, too. */
const THIN = 300;
/** Leaves beyond which a dimension less is looked at. */
const MOST_LEAVES = 6000;

/** A leaf of the window, with the number of its leaf. */
interface Windowed extends Leaf {
  readonly leaf: number;
}

/** Where the excess of a mark sits, since a tick. @param isOut leaves that are spoken for already */
export function findPlaces(
  counts: Counts,
  mark: Mark,
  since: number,
  isOut: (leaf: number) => boolean,
): Found {
  const leaves = windowed(counts, mark, since, isOut);
  const badOnes = leaves.filter(({ bad }) => bad > 0);
  if (badOnes.length === 0) return { places: [], excess: 0 };
  let dimensions = dimensionsOf(counts, leaves, mark.rule.at ?? PRECEDENCE);
  let reduced = reduce(counts, leaves, badOnes, dimensions);
  while (reduced.leaves.length > MOST_LEAVES && dimensions.length > 2) {
    dimensions = dimensions.slice(0, -1);
    reduced = reduce(counts, leaves, badOnes, dimensions);
  }
  const whole = sum(leaves);
  const excess = whole.bad - whole.total * ((whole.baseBad + 0.5) / (whole.baseTotal + 1));
  const places = localise(reduced.leaves).map((place) => {
    const conditions = place.conditions.flatMap(({ dimension, value }) => {
      const real = reduced.values[dimension]?.[value];
      // What is not told apart can't be named: the place is the wider one.
      return real === undefined ? [] : [{ dimension: dimensions[dimension] as number, value: real }];
    });
    const { bad, total, expected, evidence } = place;
    return { conditions, bad, total, expected, evidence };
  });
  const first = places[0];
  // Where nothing tells leaves apart, everything is the place: a gateway with one route and one target.
  if (first ? isEverywhere(first, whole) : dimensions.length === 0) {
    const conditions = shared(counts, leaves, mark);
    const expected = whole.bad - excess;
    const evidence = likelihoodRatio(whole.bad, expected);
    return { places: [{ conditions, bad: whole.bad, total: whole.total, expected, evidence }], excess };
  }
  return { places: places.map((place) => withOwners(place, counts, badOnes)), excess };
}

/** Share of a place's excess rate that the rest of everything shows too, for everything to be the place. */
const REST_SHARE = 0.12;
const REST_EVIDENCE = 6;

/** Whether what lies beside a place of one condition behaves as it does: then no value of that dimension is the matter. */
function isEverywhere(place: FoundPlace, whole: ReturnType<typeof sum>): boolean {
  if (place.conditions.length > 1) return false;
  const rest = { bad: whole.bad - place.bad, total: whole.total - place.total };
  if (rest.total <= 0) return true;
  const usual = (whole.baseBad + 0.5) / (whole.baseTotal + 1);
  const rate = (place.bad - place.expected) / place.total;
  const restRate = rest.bad / rest.total - usual;
  return restRate >= REST_SHARE * rate && likelihoodRatio(rest.bad, usual * rest.total) >= REST_EVIDENCE;
}

/** What all leaves have in common: the place of what is everywhere, where there is such a thing. */
function shared(counts: Counts, leaves: readonly Windowed[], { rule }: Mark): Where[] {
  // A cache is its route's.
  const names = rule.at ?? (rule.detector === 'stale-cache' ? ['route', ...PRECEDENCE] : PRECEDENCE);
  for (const name of names) {
    const dimension = DIMENSIONS.indexOf(name);
    const value = counts.leaves.value(leaves[0]?.leaf ?? 0, dimension);
    if (value > 1 && leaves.every(({ leaf }) => counts.leaves.value(leaf, dimension) === value))
      return [{ dimension, value }];
  }
  return [];
}

function windowed(counts: Counts, mark: Mark, since: number, isOut: (leaf: number) => boolean): Windowed[] {
  const { leaves, tick } = counts;
  const cells = counts.cells(mark.id);
  const first = Math.max(0, tick - RING + 1);
  const found: Windowed[] = [];
  // Of a mark that had to be learnt first only what came after that says what is usual.
  const begins = mark.rule.isLearnt ? mark.since : 0;
  const known = knownShare(begins, first);
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== mark.rule.kind || isOut(leaf)) continue;
    const cell = cells.of(leaf);
    const one = {
      leaf,
      values: [],
      bad: 0,
      total: 0,
      baseBad: cell?.base ?? 0,
      baseTotal: known * leaves.base(leaf),
    };
    // Of most leaves all is past.
    for (let at = leaves.lastTick(leaf) < first ? tick + 1 : first; at <= tick; at++) {
      const total = leaves.total(leaf, at);
      const bad = cell?.ring[at % RING] ?? 0;
      if (at < begins) continue;
      if (at < since) {
        one.baseTotal += total;
        one.baseBad += bad;
      } else {
        one.total += total;
        one.bad += bad;
      }
    }
    if (mark.rule.isLearnt) {
      // Where the line lies was learnt from few, and by each group at its own time: as many signals again were as usual.
      one.baseTotal += one.total;
      one.baseBad += one.total * mark.rule.prior;
    }
    const imported = one.baseTotal < THIN ? counts.importedErrorsAt(leaf, mark.id) : undefined;
    if (imported !== undefined) {
      one.baseTotal += one.total;
      one.baseBad += one.total * imported;
    }
    if (one.total > 0 || one.baseTotal > 0.5) found.push(one);
  }
  return found;
}

/** Of a baseline that decays evenly over all ticks before the ring, the share of those from a tick on. */
const knownShare = (begins: number, first: number): number =>
  begins <= 0 || first <= 0
    ? 1
    : begins >= first
      ? 0
      : (1 - DECAY ** (first - begins)) / (1 - DECAY ** first);

/** Those that tell leaves apart, the most telling ones, in the order in which names are preferred. */
function dimensionsOf(counts: Counts, leaves: readonly Windowed[], names: readonly Dimension[]): number[] {
  const { bad, total } = sum(leaves);
  const telling = names
    .map((name) => DIMENSIONS.indexOf(name))
    .flatMap((dimension) => {
      const size = counts.dictionary.size(dimension);
      const [bads, totals, isMet] = [new Float64Array(size), new Float64Array(size), new Uint8Array(size)];
      let met = 0;
      for (const each of leaves) {
        const value = counts.leaves.value(each.leaf, dimension);
        met += 1 - (isMet[value] as number);
        isMet[value] = 1;
        bads[value] = (bads[value] as number) + each.bad;
        totals[value] = (totals[value] as number) + each.total;
      }
      if (met < 2) return [];
      let most = 0;
      for (let value = 0; value < size; value++) {
        const due = ((totals[value] as number) * bad) / Math.max(1, total);
        most = Math.max(most, likelihoodRatio(bads[value] as number, due));
      }
      return [{ dimension, most }];
    });
  const kept = telling.sort((a, b) => b.most - a.most).slice(0, MOST_DIMENSIONS);
  return kept
    .map(({ dimension }) => dimension)
    .sort((a, b) => PRECEDENCE.indexOf(DIMENSIONS[a]!) - PRECEDENCE.indexOf(DIMENSIONS[b]!));
}

/** The same leaves in fewer dimensions, with small numbers: what has no bad one is not told apart. */
function reduce(
  counts: Counts,
  leaves: readonly Windowed[],
  badOnes: readonly Windowed[],
  dimensions: readonly number[],
): { leaves: Leaf[]; values: (number | undefined)[][] } {
  const told = dimensions.map((dimension) => {
    const bad = new Map<number, number>();
    for (const each of badOnes) {
      const value = counts.leaves.value(each.leaf, dimension);
      if (value > 1) bad.set(value, (bad.get(value) ?? 0) + each.bad);
    }
    const top = [...bad].sort((a, b) => b[1] - a[1]).slice(0, MOST_VALUES);
    // By the dictionary's number, the small one; 0 of all that are not told apart.
    const numbers = new Uint8Array(counts.dictionary.size(dimension));
    for (const [at, [value]] of top.entries()) numbers[value] = at + 1;
    return { numbers, values: top.map(([value]) => value) };
  });
  const numberOf = (leaf: number, at: number): number =>
    told[at]?.numbers[counts.leaves.value(leaf, dimensions[at] as number)] as number;
  const merged = new Map<number, Leaf>();
  for (const each of leaves) {
    let key = 0;
    for (let at = 0; at < dimensions.length; at++)
      key = key * ((told[at]?.values.length ?? 0) + 1) + numberOf(each.leaf, at);
    const known = merged.get(key);
    if (!known) {
      const values = dimensions.map((_, at) => numberOf(each.leaf, at));
      const { bad, total, baseBad, baseTotal } = each;
      merged.set(key, { values, bad, total, baseBad, baseTotal });
      continue;
    }
    known.bad += each.bad;
    known.total += each.total;
    known.baseBad += each.baseBad;
    known.baseTotal += each.baseTotal;
  }
  return {
    leaves: [...merged.values()],
    values: told.map(({ values }) => [undefined, ...values]),
  };
}

/** A version without its prompt, a target without its upstream say little: the owner is named with it, if it has one. */
const OWNERS: readonly (readonly [of: Dimension, owners: readonly Dimension[]])[] = [
  ['promptVersion', ['prompt']],
  ['target', ['upstream', 'provider']],
  ['version', ['model', 'route']],
];

function withOwners(place: FoundPlace, counts: Counts, badOnes: readonly Windowed[]): FoundPlace {
  const conditions = [...place.conditions];
  for (const [of, owners] of OWNERS) {
    const owned = DIMENSIONS.indexOf(of);
    if (!conditions.some(({ dimension }) => dimension === owned)) continue;
    for (const owner of owners.map((name) => DIMENSIONS.indexOf(name))) {
      if (conditions.some(({ dimension }) => dimension === owner)) break;
      const values = new Set(
        badOnes
          .filter(({ leaf }) => matches(counts, leaf, place.conditions))
          .map(({ leaf }) => counts.leaves.value(leaf, owner)),
      );
      const [only] = values;
      if (values.size !== 1 || only === undefined || only < 2) continue;
      conditions.push({ dimension: owner, value: only });
      break;
    }
  }
  return { ...place, conditions };
}

export const matches = (counts: Counts, leaf: number, conditions: readonly Where[]): boolean => {
  for (const { dimension, value } of conditions)
    if (counts.leaves.value(leaf, dimension) !== value) return false;
  return true;
};

function sum(leaves: readonly Leaf[]): { bad: number; total: number; baseBad: number; baseTotal: number } {
  const all = { bad: 0, total: 0, baseBad: 0, baseTotal: 0 };
  for (const { bad, total, baseBad, baseTotal } of leaves) {
    all.bad += bad;
    all.total += total;
    all.baseBad += baseBad;
    all.baseTotal += baseTotal;
  }
  return all;
}

/** Bad and total of a place, tick by tick from `since` on. */
export function ticksOfPlace(
  counts: Counts,
  mark: Mark | undefined,
  conditions: readonly Where[],
  kind: number,
  since: number,
): { bad: number[]; total: number[] } {
  const { leaves, tick } = counts;
  const first = Math.max(0, since, tick - RING + 1);
  const bad = new Array<number>(tick - first + 1).fill(0);
  const total = new Array<number>(tick - first + 1).fill(0);
  const cells = mark && counts.cells(mark.id);
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== kind || !matches(counts, leaf, conditions))
      continue;
    const cell = cells?.of(leaf);
    for (let at = first; at <= tick; at++) {
      total[at - first] = (total[at - first] as number) + leaves.total(leaf, at);
      if (cell) bad[at - first] = (bad[at - first] as number) + (cell.ring[at % RING] as number);
    }
  }
  return { bad, total };
}
