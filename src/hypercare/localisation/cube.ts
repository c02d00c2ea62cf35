import type { Counts } from './excess.ts';

/** The finest cell of the record: one value in each dimension, by interned number. */
export interface Leaf extends Counts {
  readonly values: readonly number[];
}

/** One value of one dimension. */
export interface Condition {
  readonly dimension: number;
  readonly value: number;
}

/** Leaves that share the values of some dimensions; conditions are in the order of dimensions. */
export interface Cell extends Counts {
  readonly conditions: readonly Condition[];
}

const add = (to: Counts, more: Counts): void => {
  to.bad += more.bad;
  to.total += more.total;
  to.baseBad += more.baseBad;
  to.baseTotal += more.baseTotal;
};

const nothing = (): Counts => ({ bad: 0, total: 0, baseBad: 0, baseTotal: 0 });

/**
 * Sets of dimension values up to a depth, with their counts: all of one value, and of more those with enough bad ones. That
 * leaves most of them out before they are counted, as a set has no more bad ones than any part of its conditions.
 */
export class Cube {
  readonly whole: Counts = nothing();
  readonly #cells = new Map<number, Cell>();
  /** What a value counts in the key of a cell, by dimension: cells are found by number, which is a third of the cost of text. */
  readonly #strides: readonly number[];
  readonly #depth: number;
  readonly #leastBad: number;
  /** Bad ones of sets of two and more values that may have enough. */
  readonly #bad = new Map<number, number>();

  /** @param depth most dimensions of a set @param leastBad of a set of more than one value */
  constructor(leaves: readonly Leaf[], depth: number, leastBad: number) {
    this.#strides = stridesOf(leaves);
    this.#depth = depth;
    this.#leastBad = leastBad;
    for (const leaf of leaves) {
      add(this.whole, leaf);
      for (let dimension = 0; dimension < leaf.values.length; dimension++)
        add(this.#cellOf(leaf, this.#step(leaf, dimension), [dimension]), leaf);
    }
    for (const leaf of leaves) if (leaf.bad > 0) this.#countBad(leaf, this.#telling(leaf), 0, 0, 0);
    for (const leaf of leaves) this.#fill(leaf, this.#telling(leaf), 0, 0, []);
  }

  cells(): IterableIterator<Cell> {
    return this.#cells.values();
  }

  /** The sets that hold a cell with one condition less. */
  parentsOf(cell: Cell): Cell[] {
    if (cell.conditions.length < 2) return [];
    return cell.conditions.map(
      (_, dropped) => this.#cells.get(this.#keyOf(cell.conditions.filter((__, i) => i !== dropped))) as Cell,
    );
  }

  #step(leaf: Leaf, dimension: number): number {
    return ((leaf.values[dimension] as number) + 1) * (this.#strides[dimension] as number);
  }

  /** Dimensions in which a leaf has a value with enough bad ones. */
  #telling(leaf: Leaf): number[] {
    const telling: number[] = [];
    for (let dimension = 0; dimension < leaf.values.length; dimension++)
      if ((this.#cells.get(this.#step(leaf, dimension))?.bad ?? 0) >= this.#leastBad) telling.push(dimension);
    return telling;
  }

  #countBad(leaf: Leaf, telling: readonly number[], from: number, key: number, size: number): void {
    for (let at = from; at < telling.length; at++) {
      const longer = key + this.#step(leaf, telling[at] as number);
      if (size > 0) this.#bad.set(longer, (this.#bad.get(longer) ?? 0) + leaf.bad);
      if (size + 1 < this.#depth) this.#countBad(leaf, telling, at + 1, longer, size + 1);
    }
  }

  #fill(leaf: Leaf, telling: readonly number[], from: number, key: number, chosen: readonly number[]): void {
    for (let at = from; at < telling.length; at++) {
      const dimension = telling[at] as number;
      const longer = key + this.#step(leaf, dimension);
      const dimensions = [...chosen, dimension];
      if (chosen.length > 0) {
        if ((this.#bad.get(longer) ?? 0) < this.#leastBad) continue;
        add(this.#cellOf(leaf, longer, dimensions), leaf);
      }
      if (dimensions.length < this.#depth) this.#fill(leaf, telling, at + 1, longer, dimensions);
    }
  }

  #cellOf(leaf: Leaf, key: number, dimensions: readonly number[]): Cell {
    let cell = this.#cells.get(key);
    if (!cell) {
      const conditions = dimensions.map((dimension) => ({
        dimension,
        value: leaf.values[dimension] as number,
      }));
      cell = { conditions, ...nothing() };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  #keyOf(conditions: readonly Condition[]): number {
    return conditions.reduce(
      (key, { dimension, value }) => key + (value + 1) * (this.#strides[dimension] as number),
      0,
    );
  }
}

/** What a set holds beside a part of it. */
export function without(whole: Counts, part: Counts): Counts {
  return {
    bad: whole.bad - part.bad,
    total: whole.total - part.total,
    baseBad: whole.baseBad - part.baseBad,
    baseTotal: whole.baseTotal - part.baseTotal,
  };
}

export const holds = (conditions: readonly Condition[], leaf: Leaf): boolean =>
  conditions.every(({ dimension, value }) => leaf.values[dimension] === value);

/** @throws RangeError if the dimensions have more combinations of values than a number can tell apart */
function stridesOf(leaves: readonly Leaf[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let dimension = 0; dimension < (leaves[0]?.values.length ?? 0); dimension++) {
    strides.push(stride);
    let largest = 0;
    for (const { values } of leaves) largest = Math.max(largest, values[dimension] as number);
    // 0 stands for "any value".
    stride *= largest + 2;
  }
  if (stride > Number.MAX_SAFE_INTEGER)
    throw new RangeError('the dimensions have too many values to be told apart: cap them');
  return strides;
}
