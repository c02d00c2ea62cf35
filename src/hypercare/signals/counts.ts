import { DIMENSIONS } from '../../record/signals/layout.ts';
import { type BadEvent, BadEvents } from './bad-events.ts';
import { Cells } from './cells.ts';
import { Dictionary } from './dictionary.ts';
import { HourOfWeek } from './hour-of-week.ts';
import { KEY, KIND, KINDS, Leaves, RING } from './leaves.ts';
import { type Mark, Marks } from './marks.ts';
import { OwnTick } from './own-tick.ts';
import { Series } from './series.ts';

/** Everything counts half after so many ticks: an hour, at ticks of ten seconds. */
const HALF_LIFE = 360;
export const DECAY = 2 ** (-1 / HALF_LIFE);
/** What is usual while nothing is known of a series itself is weighed as so many signals. */
const PRIOR_WEIGHT = 300;
/** As long as less than this is known of everything, what is given beforehand stands. */
const GLOBAL_WEIGHT = 500;
const REVISION = DIMENSIONS.indexOf('revision');
const ROUTE = DIMENSIONS.indexOf('route');
const MODEL = DIMENSIONS.indexOf('model');
/** Dimensions of which each value has a series. A revision has no past to be compared with. */
const SERIES: readonly number[] = DIMENSIONS.map((_, at) => at).filter((at) => at !== REVISION);
/** Series without a signal for so long are forgotten: a day. */
const FORGOTTEN = 8640;
/** The series of everything. */
export const WHOLE = -1;
const MOST_MARKS = 1000;
/** Dimensions whose values have habits. */
const WEEKLY: ReadonlySet<number> = new Set([WHOLE, ROUTE, MODEL, DIMENSIONS.indexOf('upstream')]);

/** All counts: leaves, their marks, and series of single values, tick by tick. */
export class Counts {
  readonly dictionary: Dictionary = new Dictionary();
  readonly marks: Marks = new Marks();
  readonly leaves: Leaves;
  readonly events: BadEvents = new BadEvents();
  readonly series: Map<number, Series> = new Map();
  readonly hours: HourOfWeek = new HourOfWeek();
  /** Usual shares of errors that the config names, by `seriesKey`. */
  #imported: ReadonlyMap<number, number> = new Map();
  readonly #cells: Cells[] = [];
  #touched: number[] = [];
  readonly #touchedMarks = new Map<number, Set<number>>();
  readonly #frozenMarks = new Map<number, number>();
  /** What of the tick is to be told to other replicas; undefined: nothing is. */
  #own: OwnTick | undefined;
  #isForeign = false;
  /** The tick that is being filled. */
  tick = 0;

  constructor(mostLeaves: number) {
    this.leaves = new Leaves(mostLeaves);
    this.leaves.onDropped = (leaf) => {
      for (const cells of this.#cells) cells?.drop(leaf);
    };
  }

  /** @param key as `Leaves.find` takes it @returns the leaf */
  signal(key: Uint16Array, by = 1): number {
    const leaf = this.leaves.find(key, this.tick);
    if (this.leaves.count(leaf, this.tick, by)) this.#touched.push(leaf);
    if (this.#own && !this.#isForeign) this.#own.signal(leaf, by);
    return leaf;
  }

  bad(leaf: number, mark: Mark, id: string, by = 1): void {
    this.cells(mark.id).make(leaf).count(this.tick, id, by);
    if (this.#own && !this.#isForeign) this.#own.mark(leaf, mark.id, by);
    let leaves = this.#touchedMarks.get(mark.id);
    if (!leaves) {
      leaves = new Set();
      this.#touchedMarks.set(mark.id, leaves);
    }
    leaves.add(leaf);
  }

  event(event: BadEvent): void {
    this.events.push(event);
    if (this.#own && !this.#isForeign) this.#own.event(event);
  }

  /** From now on what is counted here is kept apart, to be told to other replicas. */
  get own(): OwnTick {
    this.#own ??= new OwnTick();
    return this.#own;
  }

  /** Counts what another replica has told. */
  foreign(count: () => void): void {
    this.#isForeign = true;
    try {
      count();
    } finally {
      this.#isForeign = false;
    }
  }

  good(leaf: number, id: string): void {
    const ids = this.leaves.good[leaf] as string[];
    if (ids.length < 2) ids.push(id);
    else if (this.leaves.total(leaf, this.tick) === 1) ids[this.tick & 1] = id;
  }

  cells(mark: number): Cells {
    let cells = this.#cells[mark];
    if (!cells) {
      cells = new Cells();
      this.#cells[mark] = cells;
    }
    return cells;
  }

  seriesOf(dimension: number, value: number, kind: number): Series | undefined {
    return this.series.get(seriesKey(dimension, value, kind));
  }

  /** Leaves that had signals in the tick that is being filled. */
  get touched(): readonly number[] {
    return this.#touched;
  }

  /** Adds the tick's counts up to series. Afterwards it can be looked at; `next` begins another. */
  sumUp(): void {
    const { tick, leaves } = this;
    const at = tick % RING;
    for (const leaf of this.#touched) {
      const total = leaves.total(leaf, tick);
      for (const series of this.#seriesHolding(leaf)) {
        series.totals[at] = (series.totals[at] as number) + total;
        series.lastTick = tick;
      }
    }
    for (const [mark, touched] of this.#touchedMarks) {
      const cells = this.cells(mark);
      for (const leaf of touched) {
        const bad = cells.of(leaf)?.ring[at] ?? 0;
        if (bad === 0) continue;
        for (const series of this.#seriesHolding(leaf)) {
          const { ring } = series.mark(mark);
          ring[at] = (ring[at] as number) + bad;
        }
      }
    }
  }

  /** Begins another tick: the oldest leaves the ring and becomes part of what is usual. */
  next(): void {
    this.tick++;
    this.#touched = [];
    this.#touchedMarks.clear();
    const oldest = this.tick - RING;
    if (oldest < 0) return;
    const { leaves } = this;
    for (const [mark, cells] of this.#cells.entries()) {
      if (!cells || cells.size === 0) continue;
      const isMarkFrozen = this.isFrozen(mark, oldest);
      cells.fold(oldest, DECAY, (leaf) => isMarkFrozen || leaves.frozenUntil(leaf) >= oldest);
    }
    this.#foldSeries(oldest);
    leaves.fold(oldest, DECAY);
  }

  #foldSeries(oldest: number): void {
    const at = oldest % RING;
    for (const [key, series] of this.series) {
      const total = series.totals[at] as number;
      for (const [id, mark] of series.marks) {
        if (!this.isFrozen(id, oldest)) {
          if (total > 0 && WEEKLY.has(series.dimension))
            this.hours.add(key * MOST_MARKS + id, mark.ring[at] as number, total);
          mark.fold(oldest, total, DECAY, total * this.usual(series, id));
        }
        mark.ring[at] = 0;
      }
      series.base = series.base * DECAY + total;
      series.baseTicks = series.baseTicks * DECAY + 1;
      series.totals[at] = 0;
      if (series.lastTick < this.tick - FORGOTTEN) this.series.delete(key);
    }
  }

  /** Ticks of a mark up to this one do not enter the baseline. */
  freeze(mark: number, untilTick: number): void {
    this.#frozenMarks.set(mark, untilTick);
  }

  isFrozen(mark: number, tick: number): boolean {
    return (this.#frozenMarks.get(mark) ?? -1) >= tick;
  }

  /** What is usual at this hour of the week; 0: it is not known. */
  weekly({ dimension, value, kind }: Series, mark: number): number {
    if (!WEEKLY.has(dimension)) return 0;
    return this.hours.rate(seriesKey(dimension, value, kind) * MOST_MARKS + mark) ?? 0;
  }

  /** @param errors usual shares of errors, by dimension and value */
  import(errors: readonly (readonly [dimension: number, value: number, share: number])[]): void {
    this.#imported = new Map(
      errors.map(([dimension, value, share]) => [seriesKey(dimension, value, KINDS.request), share]),
    );
  }

  /** The share of errors that the config says is usual; undefined: it says nothing. */
  importedErrors({ dimension, value, kind }: Series, mark: number): number | undefined {
    if (this.marks.all[mark]?.signal !== 'errors') return undefined;
    return this.#imported.get(seriesKey(dimension, value, kind));
  }

  /** The same for a leaf: of its model, or else of its route. */
  importedErrorsAt(leaf: number, mark: number): number | undefined {
    if (this.#imported.size === 0 || this.marks.all[mark]?.signal !== 'errors') return undefined;
    const of = (dimension: number): number | undefined =>
      this.#imported.get(seriesKey(dimension, this.leaves.value(leaf, dimension), KINDS.request));
    return of(MODEL) ?? of(ROUTE);
  }

  /** The usual share of a mark in a series: its own past, and as far as that is thin, that of everything. */
  usual(series: Series, mark: number): number {
    const known = this.marks.all[mark];
    if (!known) return 0;
    const { prior, kind } = known.rule;
    const whole = this.series.get(seriesKey(WHOLE, 0, kind))?.marks.get(mark);
    const usualOfAll =
      this.importedErrors(series, mark) ?? (whole ? whole.rate(prior, GLOBAL_WEIGHT) : prior);
    const own = series.marks.get(mark);
    return Math.max(own ? own.rate(usualOfAll, PRIOR_WEIGHT) : usualOfAll, this.weekly(series, mark));
  }

  *#seriesHolding(leaf: number): Generator<Series> {
    const kind = this.leaves.value(leaf, KIND);
    yield this.makeSeries(WHOLE, 0, kind);
    for (const dimension of SERIES) {
      const value = this.leaves.value(leaf, dimension);
      if (value > 1) yield this.makeSeries(dimension, value, kind);
    }
  }

  /** The series of a value; a new one if there is none. */
  makeSeries(dimension: number, value: number, kind: number): Series {
    const key = seriesKey(dimension, value, kind);
    let series = this.series.get(key);
    if (!series) {
      series = new Series(dimension, value, kind);
      this.series.set(key, series);
    }
    return series;
  }

  /** A key with these values and nothing else. */
  keyOf(scope: Readonly<Partial<Record<string, string>>>, kind: number): Uint16Array {
    const key = new Uint16Array(KEY);
    for (const [at, dimension] of DIMENSIONS.entries()) {
      const value = scope[dimension];
      // Revisions are numbers already.
      if (value !== undefined)
        key[at] = at === REVISION ? Number(value) & 0xffff : this.dictionary.of(at, value);
    }
    key[KIND] = kind;
    return key;
  }
}

const seriesKey = (dimension: number, value: number, kind: number): number =>
  ((dimension + 1) * 4 + kind) * 65_536 + value;
