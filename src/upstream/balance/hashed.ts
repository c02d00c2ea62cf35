import { Rendezvous } from '../../lib/rendezvous.ts';
import type { Asker } from './hash-key.ts';
import type { Balanced, Member, Picker } from './picker.ts';

/** The same asker goes to the same member for as long as it is there. */
export class Hashed<T extends Balanced> implements Picker<T> {
  readonly #targets: readonly T[];
  readonly #rendezvous: Rendezvous;
  readonly #keyOf: (asker: Asker) => string;

  constructor(members: readonly Member<T>[], keyOf: (asker: Asker) => string) {
    this.#targets = members.map(({ target }) => target);
    this.#rendezvous = new Rendezvous(
      members.map(({ target }) => target.url),
      members.map(({ weight }) => weight),
    );
    this.#keyOf = keyOf;
  }

  pick(avoid: ReadonlySet<T> | undefined, asker: Asker | undefined): T | undefined {
    const key = asker === undefined ? '' : this.#keyOf(asker);
    const isOpen = avoid?.size ? (i: number): boolean => !avoid.has(this.#targets[i] as T) : undefined;
    return this.#targets[this.#rendezvous.choose(key, isOpen)];
  }
}
