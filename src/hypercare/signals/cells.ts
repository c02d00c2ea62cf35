import { RING } from './leaves.ts';

/** Ids of bad requests kept a leaf and mark. */
const EVIDENCE = 5;

/** How often a leaf had a mark, tick by tick. */
export class Cell {
  readonly leaf: number;
  readonly ring: Uint32Array = new Uint32Array(RING);
  base = 0;
  readonly ids: string[] = [];
  #nextId = 0;

  constructor(leaf: number) {
    this.leaf = leaf;
  }

  count(tick: number, id: string, by = 1): void {
    this.ring[tick % RING] = (this.ring[tick % RING] as number) + by;
    if (id === '') return;
    this.ids[this.#nextId] = id;
    this.#nextId = (this.#nextId + 1) % EVIDENCE;
  }

  /** How often in a tick of the ring. */
  at(tick: number): number {
    return this.ring[tick % RING] as number;
  }

  get isEmpty(): boolean {
    return this.base < 0.01 && this.ring.every((count) => count === 0);
  }
}

/** The cells of one mark, by leaf: bad ones are rare, so that there are few. */
export class Cells {
  readonly #cells = new Map<number, Cell>();

  get size(): number {
    return this.#cells.size;
  }

  of(leaf: number): Cell | undefined {
    return this.#cells.get(leaf);
  }

  make(leaf: number): Cell {
    let cell = this.#cells.get(leaf);
    if (!cell) {
      cell = new Cell(leaf);
      this.#cells.set(leaf, cell);
    }
    return cell;
  }

  drop(leaf: number): void {
    this.#cells.delete(leaf);
  }

  all(): IterableIterator<Cell> {
    return this.#cells.values();
  }

  /** A tick leaves the ring. @param isFrozen whether this leaf's tick must not enter the baseline */
  fold(tick: number, decay: number, isFrozen: (leaf: number) => boolean): void {
    const at = tick % RING;
    for (const cell of this.#cells.values()) {
      if (!isFrozen(cell.leaf)) cell.base = cell.base * decay + (cell.ring[at] as number);
      cell.ring[at] = 0;
      if (cell.base < 0.01 && cell.isEmpty) this.#cells.delete(cell.leaf);
    }
  }
}
