/** Lets about so many a second through, evenly spread: as large a share as the second before would have needed. */
export class EvenShare {
  readonly #most: number;
  #second = -1;
  #seen = 0;
  #share = 1;
  #due = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param at milliseconds since the epoch */
  takes(at: number): boolean {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#share = Math.min(1, this.#most / Math.max(1, this.#seen));
      this.#second = second;
      this.#seen = 0;
    }
    this.#seen++;
    this.#due += this.#share;
    if (this.#due < 1) return false;
    this.#due -= 1;
    return true;
  }
}
