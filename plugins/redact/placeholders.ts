/** Read once a request: each name that is given would else be looked for in all of its texts. */
const LIKE_OURS = /\[[A-Z][A-Z0-9_]*_\d+\]/g;

/** What stands in the place of a request's data, and the data again. Lives as long as the call. */
export class Placeholders {
  readonly #byValue = new Map<string, string>();
  readonly #byName = new Map<string, string>();
  #taken: ReadonlySet<string> = new Set();
  #count = 0;

  /** A placeholder that a text has already would be taken for one of ours. */
  avoid(texts: readonly string[]): void {
    this.#taken = new Set(texts.flatMap((text) => text.match(LIKE_OURS) ?? []));
  }

  /** The same for the same value, so that a model can tell who is who. */
  of(kind: string, value: string): string {
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    let name: string;
    do name = `[${kind.toUpperCase()}_${++this.#count}]`;
    while (this.#taken.has(name));
    this.#byValue.set(value, name);
    this.#byName.set(name, value);
    return name;
  }

  restored(name: string): string {
    return this.#byName.get(name) ?? name;
  }

  /** A text with the data in the place of each of ours. */
  restoredIn(text: string): string {
    return text.replace(LIKE_OURS, (name) => this.restored(name));
  }

  knows(value: string): boolean {
    return this.#byValue.has(value);
  }
}
