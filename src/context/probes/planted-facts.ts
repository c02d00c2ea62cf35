/** A fact, and the user's turn, from 1, that it was said in last. */
interface Planted {
  readonly value: string;
  readonly turn: number;
}

/** What was planted in a conversation and is still said in it, by name. */
export class PlantedFacts {
  readonly #facts = new Map<string, Planted>();

  plant(name: string, value: string, turn: number): void {
    this.#facts.set(name, { value, turn });
  }

  get(name: string): Planted | undefined {
    return this.#facts.get(name);
  }

  /** A turn is said otherwise: with it and all that follows go their facts. @returns the names of those */
  takeBack(from: number): readonly string[] {
    const gone = [...this.#facts].flatMap(([name, { turn }]) => (turn >= from ? [name] : []));
    for (const name of gone) this.#facts.delete(name);
    return gone;
  }
}

/** What a step plants, by name. */
export function plantedIn(step: object): [name: string, value: string][] {
  const { plant = {} } = step as { readonly plant?: Readonly<Record<string, string>> };
  return Object.entries(plant);
}
