/** Characters of what was generated that are kept. A longer answer is taken to go on like its beginning. */
const MOST = 64 * 1024;
/** Pieces that are joined at once: a string of joined strings takes 50 bytes a piece for as long as it lives. */
const JOINED = 256;

/** The beginning of a text that comes in pieces of a few letters, and how long all of it is. */
export class GeneratedText {
  /** Characters of the whole text. */
  length = 0;
  #text = '';
  #pieces: string[] = [];

  add(piece: string): void {
    this.length += piece.length;
    if (this.#text.length >= MOST) return;
    this.#pieces.push(piece);
    if (this.#pieces.length === JOINED) this.#join();
  }

  get beginning(): string {
    this.#join();
    return this.#text;
  }

  #join(): void {
    const [first] = this.#pieces;
    if (first === undefined) return;
    // An answer that is no stream comes as one.
    const added = this.#pieces.length === 1 ? first : this.#pieces.join('');
    this.#text = (this.#text + added).slice(0, MOST);
    this.#pieces = [];
  }
}
