/** Characters. */
const LONGEST = 200;

/**
 * The names of a request's documents. Bedrock takes letters, digits, single spaces, hyphens, parentheses and brackets, 200 of them at
 * most, and a name once in all of the conversation, whatever its case.
 */
export class DocumentNames {
  readonly #taken = new Set<string>();
  /** How often a name was wanted. */
  readonly #numbers = new Map<string, number>();

  /** @param wanted the client's own name */
  take(wanted = ''): string {
    const fit = wanted.slice(0, 2 * LONGEST).replace(/[^\p{L}\p{N}\s()[\]-]/gu, '-');
    const name = cut(fit.replace(/\s+/g, ' ').trim(), LONGEST) || 'document';
    const key = name.toLowerCase();
    let number = this.#numbers.get(key) ?? 1;
    let taken = name;
    while (this.#taken.has(taken.toLowerCase())) {
      const end = ` ${++number}`;
      taken = cut(name, LONGEST - end.length) + end;
    }
    this.#numbers.set(key, number);
    this.#taken.add(taken.toLowerCase());
    return taken;
  }
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : [...text].slice(0, length).join('').trimEnd();
