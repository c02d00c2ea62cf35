import { OTHER } from '../../lib/capped-labels.ts';
import { DIMENSIONS, type NewName, SPACES } from '../../record/signals/layout.ts';

const REVISION = DIMENSIONS.indexOf('revision');
/** Numbers that fit a leaf's key. */
const MOST = 60_000;

/** The engine's own numbers: those of several processes and replicas are translated into them. */
export class Dictionary {
  readonly #names: string[][] = Array.from({ length: SPACES }, () => ['', OTHER]);
  readonly #numbers: Map<string, number>[] = Array.from({ length: SPACES }, () => new Map());

  of(space: number, name: string): number {
    if (name === '') return 0;
    if (space === REVISION) return Number(name) & 0xffff;
    const numbers = this.#numbers[space] as Map<string, number>;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const names = this.#names[space] as string[];
    if (name === OTHER || names.length >= MOST) return 1;
    numbers.set(name, names.length);
    return names.push(name) - 1;
  }

  name(space: number, number: number): string {
    if (space === REVISION) return String(number);
    return this.#names[space]?.[number] ?? OTHER;
  }

  /** By space, in the order of their numbers. */
  get all(): readonly (readonly string[])[] {
    return this.#names;
  }

  /** Of a dictionary that has no names yet: those of another, with its numbers. */
  restore(all: readonly (readonly string[])[]): void {
    for (const [space, names] of all.entries()) for (const name of names.slice(2)) this.of(space, name);
  }

  /** How many names a space has, with the two that each has. */
  size(space: number): number {
    return (this.#names[space] as string[]).length;
  }
}

/** One sender's numbers in terms of the engine's. */
export class Translation {
  readonly #dictionary: Dictionary;
  readonly #tables: Int32Array[] = Array.from({ length: SPACES }, () => Int32Array.of(0, 1));

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  learn(names: readonly NewName[]): void {
    for (const [space, number, name] of names) {
      let table = this.#tables[space] as Int32Array;
      if (number >= table.length) {
        const longer = new Int32Array(Math.max(64, number * 2)).fill(1);
        longer.set(table);
        table = longer;
        this.#tables[space] = longer;
      }
      table[number] = this.#dictionary.of(space, name);
    }
  }

  of(space: number, number: number): number {
    return this.#tables[space]?.[number] ?? 1;
  }
}
