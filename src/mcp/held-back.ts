/** Two ends of lines in a row, whichever they are (`\n`, `\r\n`, `\r`): an event is over. */
const ENDS = ['\n\n', '\n\r', '\r\r'];

/** How much of an event stream belongs to an event that has not ended: what its reader has to hold back. */
export class HeldBack {
  #last = '';
  size = 0;

  /** @returns characters that are held back now */
  take(text: string): number {
    const seen = this.#last + text;
    const end = Math.max(...ENDS.map((each) => seen.lastIndexOf(each)));
    this.size = end < 0 ? this.size + text.length : seen.length - end - 2;
    this.#last = seen.slice(-1);
    return this.size;
  }
}
