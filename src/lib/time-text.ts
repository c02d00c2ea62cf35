/** 000 to 999. */
const DIGITS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));
/** Thousandths behind a point, without zeros at the end: `.5`, and nothing for 0. */
const FRACTIONS = DIGITS.map((digits) => `.${digits}`.replace(/\.?0+$/, ''));

/** Beyond it a number of thousandths has more digits than a double is good for. */
const EXACT_BELOW = 1e15;

/** A number with at most three digits behind its point, written as `String` does: looking two parts up costs a fraction of that. */
export function upToThousandths(value: number): string {
  const thousandths = Math.round(value * 1000);
  if (!(thousandths >= 0 && thousandths < EXACT_BELOW)) return String(thousandths / 1000);
  const whole = Math.floor(thousandths / 1000);
  return `${whole}${FRACTIONS[thousandths - whole * 1000]}`;
}

/** Writes times as `toISOString` does. What times of one second share it makes once. */
export class IsoTimes {
  #second = Number.NaN;
  #text = '';

  /**
   * @param time milliseconds since the epoch
   * @throws RangeError: there is no such time
   */
  of(time: number): string {
    const at = Math.trunc(time);
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
      this.#second = second;
    }
    return `${this.#text}${DIGITS[at - second * 1000]}Z`;
  }
}
