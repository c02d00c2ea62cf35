import { termOf } from './words.ts';

// BM25+ (Lv and Zhai, Lower-Bounding Term Frequency Normalization, CIKM 2011) with MiniSearch's parameters.
const K = 1.2;
const B = 0.7;
const D = 0.5;

/** Where a term is, and how often it is there. */
interface Posting {
  readonly positions: number[];
  readonly counts: number[];
}

/**
 * The terms of one conversation's passages. Scores are to the bit those of MiniSearch, which makes an object for each passage
 * that holds a term: where the passages are alike that was four fifths of what a turn took late in a conversation.
 */
export class Postings {
  readonly #postings = new Map<string, Posting>();
  /** Different words of each passage. */
  readonly #lengths: number[] = [];
  #averageLength = 0;

  get size(): number {
    return this.#lengths.length;
  }

  /** Adds the words of the next passage. */
  add(words: readonly string[]): void {
    const position = this.size;
    const length = new Set(words).size;
    this.#averageLength = (this.#averageLength * position + length) / (position + 1);
    this.#lengths.push(length);
    for (const [term, count] of countedTerms(words)) {
      const { positions, counts } = this.#of(term);
      positions.push(position);
      counts.push(count);
    }
  }

  #of(term: string): Posting {
    const known = this.#postings.get(term);
    if (known) return known;
    const posting: Posting = { positions: [], counts: [] };
    this.#postings.set(term, posting);
    return posting;
  }

  /**
   * What the passages have to do with some terms.
   * @param weights of the terms
   * @returns a score for each position, more than 0 where any is; undefined if none is anywhere
   */
  scores(weights: Iterable<readonly [term: string, weight: number]>): Float64Array | undefined {
    const scores = new Float64Array(this.size);
    const matched = new Uint32Array(this.size);
    let isAnywhere = false;
    for (const [term, weight] of weights) {
      const posting = this.#postings.get(term);
      if (!posting) continue;
      isAnywhere = true;
      this.#addTo(scores, matched, posting, weight);
    }
    // Who holds more of the terms is the nearer by as much.
    return isAnywhere ? scores.map((score, position) => score * (matched[position] as number)) : undefined;
  }

  #addTo(scores: Float64Array, matched: Uint32Array, { positions, counts }: Posting, weight: number): void {
    const rarity = Math.log(1 + (this.size - positions.length + 0.5) / (positions.length + 0.5));
    for (let at = 0; at < positions.length; at++) {
      const position = positions[at] as number;
      const count = counts[at] as number;
      const length = this.#lengths[position] as number;
      const often = D + (count * (K + 1)) / (count + K * (1 - B + (B * length) / this.#averageLength));
      (scores[position] as number) += weight * (rarity * often);
      (matched[position] as number)++;
    }
  }
}

/** The terms of words, and how often each is among them. */
export function countedTerms(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    const term = termOf(word);
    if (term !== null && term !== '') counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}
