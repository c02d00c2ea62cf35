/** A word, and the number of the piece in which it was said. */
interface Said {
  readonly word: string;
  readonly at: number;
}

/**
 * Of one look at each word, however many of the guarded ones are new: a transcript has hundreds of thousands.
 *
 * @param words in the order in which they were said
 * @returns the guarded words by the piece in which each was said; one that is new stands where the next that is known of would
 */
export function placeWords(guarded: readonly string[], words: readonly Said[]): Map<number, string[]> {
  const places = placesOf(words);
  const placed = new Map<number, string[]>();
  let next = 0;
  for (const word of guarded) {
    const found = places.get(word)?.from(next);
    const at = words[found ?? Math.min(next, words.length - 1)]?.at ?? 0;
    const said = placed.get(at);
    if (said) said.push(word);
    else placed.set(at, [word]);
    if (found !== undefined) next = found + 1;
  }
  return placed;
}

function placesOf(words: readonly Said[]): Map<string, Places> {
  const places = new Map<string, Places>();
  for (const [place, { word }] of words.entries()) {
    const known = places.get(word);
    if (known) known.add(place);
    else places.set(word, new Places(place));
  }
  return places;
}

/** Where one word was said, in order. */
class Places {
  readonly #all: number[];
  #passed = 0;

  constructor(first: number) {
    this.#all = [first];
  }

  add(place: number): void {
    this.#all.push(place);
  }

  /** @param place not before any that was asked for earlier @returns the first that is not before it */
  from(place: number): number | undefined {
    while ((this.#all[this.#passed] ?? place) < place) this.#passed++;
    return this.#all[this.#passed];
  }
}
