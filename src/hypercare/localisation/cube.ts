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

/** Every set of dimension values up to a depth, with its counts. */
export class Cube {
  readonly whole: Counts = nothing();
  readonly #cells = new Map<number, Cell>();
  /** What a value counts in the key of a cell, by dimension: cells are found by number, which is a third of the cost of text. */
  readonly #strides: readonly number[];

  /** @param depth most dimensions of a set */
  constructor(leaves: readonly Leaf[], depth: number) {
    this.#strides = stridesOf(leaves);
    const subsets = subsetsOf(leaves[0]?.values.length ?? 0, depth);
    for (const leaf of leaves) {
      add(this.whole, leaf);
      for (const dimensions of subsets) add(this.#cellOf(leaf, dimensions), leaf);
    }
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

  #cellOf(leaf: Leaf, dimensions: readonly number[]): Cell {
    let key = 0;
    for (const dimension of dimensions) {
      key += ((leaf.values[dimension] as number) + 1) * (this.#strides[dimension] as number);
    }
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

/** Every choice of 1 to `depth` of `count` dimensions. */
function subsetsOf(count: number, depth: number): number[][] {
  const subsets: number[][] = [];
  const extend = (chosen: readonly number[], from: number): void => {
    for (let dimension = from; dimension < count; dimension++) {
      const longer = [...chosen, dimension];
      subsets.push(longer);
      if (longer.length < depth) extend(longer, dimension + 1);
    }
  };
  extend([], 0);
  return subsets;
}
