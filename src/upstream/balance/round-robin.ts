import { type Cursor, rotation } from '../rotation.ts';
import type { Balanced, Member, Picker } from './picker.ts';

/** Members take turns by weight. The place in the rotation is the caller's: it outlives the picker. */
export class RoundRobin<T extends Balanced> implements Picker<T> {
  readonly #order: readonly T[];
  readonly #cursor: Cursor;

  constructor(members: readonly Member<T>[], cursor: Cursor) {
    this.#order = rotation(members.map(({ weight }) => weight)).map((i) => (members[i] as Member<T>).target);
    this.#cursor = cursor;
  }

  pick(avoid: ReadonlySet<T> | undefined): T | undefined {
    const order = this.#order;
    for (let turns = 0; turns < order.length; turns++) {
      const at = this.#cursor.next % order.length;
      this.#cursor.next = at + 1;
      const target = order[at] as T;
      if (!avoid?.has(target)) return target;
    }
    return undefined;
  }
}
