import { WIDTH } from '../../record/signals/layout.ts';
import { OTHERS } from '../../record/signals/names.ts';

/** Ticks that are kept one by one: six minutes, at ticks of ten seconds. What is older is the baseline. */
export const RING = 36;

/** A leaf's key: a value in each dimension, and of which kind its signals are. */
export const KEY = WIDTH + 1;
export const KIND = WIDTH;
/** Kinds of signals, each with totals of its own. */
export const KINDS = { request: 0, feedback: 1, context: 2, check: 3 } as const;

/** Leaves to begin with; they double up to the cap. */
const FIRST = 2048;
/** A leaf without signals for so many ticks makes room for others, where room is short. */
const IDLE = RING;
/** The leaf of everything that has no room: `__other` in all dimensions. */
const SHARED = 0;

/**
 * The finest cells: how many signals there were, tick by tick. Open addressing over typed arrays; 100,000 leaves take
 * 26 MB. When all are taken and none is idle, what is new shares one leaf.
 */
export class Leaves {
  readonly #most: number;
  #capacity: number;
  #slots: Int32Array;
  #keys: Uint16Array;
  /** By slot of the ring, then by leaf. */
  #totals: Uint32Array[];
  /** Signals of the ticks before the ring, the younger the more. */
  #base: Float64Array;
  /** Ticks up to this one do not enter the baseline: something was wrong there. */
  #frozenUntil: Float64Array;
  #lastTick: Int32Array;
  readonly good: string[][] = [];
  #count = 0;
  #free: number[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#capacity = Math.min(FIRST, most);
    this.#slots = slotsFor(this.#capacity);
    this.#keys = new Uint16Array(this.#capacity * KEY);
    this.#totals = Array.from({ length: RING }, () => new Uint32Array(this.#capacity));
    this.#base = new Float64Array(this.#capacity);
    this.#frozenUntil = new Float64Array(this.#capacity).fill(-1);
    this.#lastTick = new Int32Array(this.#capacity).fill(-1);
    this.#add(new Uint16Array(KEY).fill(OTHERS).fill(KINDS.request, KIND), 0);
  }

  /** Leaves in use; numbers of leaves are below `end`. */
  get size(): number {
    return this.#count - this.#free.length;
  }

  get end(): number {
    return this.#count;
  }

  value(leaf: number, at: number): number {
    return this.#keys[leaf * KEY + at] as number;
  }

  isUsed(leaf: number): boolean {
    return (this.#lastTick[leaf] as number) >= 0;
  }

  lastTick(leaf: number): number {
    return this.#lastTick[leaf] as number;
  }

  total(leaf: number, tick: number): number {
    return (this.#totals[tick % RING] as Uint32Array)[leaf] as number;
  }

  base(leaf: number): number {
    return this.#base[leaf] as number;
  }

  frozenUntil(leaf: number): number {
    return this.#frozenUntil[leaf] as number;
  }

  freeze(leaf: number, untilTick: number): void {
    this.#frozenUntil[leaf] = untilTick;
  }

  /** @param key its `KEY` numbers @returns the leaf's number */
  find(key: Uint16Array, tick: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(key) & mask;
    for (;;) {
      const leaf = this.#slots[slot] as number;
      if (leaf < 0) break;
      if (this.#isKey(leaf, key)) return leaf;
      slot = (slot + 1) & mask;
    }
    return this.#add(key, tick);
  }

  /** Counts a signal. @returns whether it is the leaf's first in this tick */
  count(leaf: number, tick: number, by = 1): boolean {
    const totals = this.#totals[tick % RING] as Uint32Array;
    totals[leaf] = (totals[leaf] as number) + by;
    if (this.#lastTick[leaf] === tick) return false;
    this.#lastTick[leaf] = tick;
    return true;
  }

  /** A tick leaves the ring and enters the baseline. @param decay what the baseline keeps of itself */
  fold(tick: number, decay: number): void {
    const totals = this.#totals[tick % RING] as Uint32Array;
    const base = this.#base;
    const frozen = this.#frozenUntil;
    for (let leaf = 0; leaf < this.#count; leaf++) {
      if ((frozen[leaf] as number) < tick)
        base[leaf] = (base[leaf] as number) * decay + (totals[leaf] as number);
    }
    totals.fill(0);
  }

  #isKey(leaf: number, key: Uint16Array): boolean {
    const from = leaf * KEY;
    for (let at = 0; at < KEY; at++) if (this.#keys[from + at] !== key[at]) return false;
    return true;
  }

  #add(key: Uint16Array, tick: number): number {
    if (this.#free.length === 0 && this.#count === this.#capacity && !this.#makeRoom(tick)) return SHARED;
    const leaf = this.#free.pop() ?? this.#count++;
    this.#keys.set(key, leaf * KEY);
    this.#base[leaf] = 0;
    this.#frozenUntil[leaf] = -1;
    this.#lastTick[leaf] = tick - 1 < 0 ? 0 : tick - 1;
    this.good[leaf] = [];
    this.#place(leaf);
    return leaf;
  }

  #place(leaf: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#keys.subarray(leaf * KEY, leaf * KEY + KEY)) & mask;
    while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = leaf;
  }

  #makeRoom(tick: number): boolean {
    if (this.#capacity < this.#most) {
      this.#grow();
      return true;
    }
    for (let leaf = 0; leaf < this.#count; leaf++) {
      if (leaf !== SHARED && this.isUsed(leaf) && this.lastTick(leaf) < tick - IDLE) this.#drop(leaf);
    }
    if (this.#free.length === 0) return false;
    this.#rebuild();
    return true;
  }

  #drop(leaf: number): void {
    this.#lastTick[leaf] = -1;
    for (const totals of this.#totals) totals[leaf] = 0;
    this.#free.push(leaf);
    this.onDropped(leaf);
  }

  /** Told of leaves that made room for others. */
  onDropped: (leaf: number) => void = () => undefined;

  #rebuild(): void {
    this.#slots.fill(-1);
    for (let leaf = 0; leaf < this.#count; leaf++) if (this.isUsed(leaf)) this.#place(leaf);
  }

  #grow(): void {
    const capacity = Math.min(this.#most, this.#capacity * 2);
    const keys = new Uint16Array(capacity * KEY);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#totals = this.#totals.map((totals) => {
      const longer = new Uint32Array(capacity);
      longer.set(totals);
      return longer;
    });
    const base = new Float64Array(capacity);
    base.set(this.#base);
    this.#base = base;
    const frozen = new Float64Array(capacity).fill(-1);
    frozen.set(this.#frozenUntil);
    this.#frozenUntil = frozen;
    const last = new Int32Array(capacity).fill(-1);
    last.set(this.#lastTick);
    this.#lastTick = last;
    this.#capacity = capacity;
    this.#slots = slotsFor(capacity);
    this.#rebuild();
  }
}

/** At most half full, and a power of two, so that a mask finds the place. */
const slotsFor = (capacity: number): Int32Array =>
  new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2))).fill(-1);

function hashOf(key: Uint16Array): number {
  let h = 0x9e3779b9;
  for (let at = 0; at < KEY; at++) {
    h = Math.imul(h ^ (key[at] as number), 0x85ebca6b);
    h ^= h >>> 13;
  }
  return h >>> 0;
}
