import { countedTerms, Postings } from './postings.ts';
import { termOf, wordsOf } from './words.ts';

/** A piece of a conversation that is recalled whole: one message. */
export interface Passage {
  text: string;
  /** Who said it, as others call them: a name, or a role. */
  speaker: string;
  /** Stretch of the conversation without a long pause; whole numbers that never fall. */
  episode: number;
}

// What the score is made of, beside BM25+ of the passage's own words. All were set on two of
// LoCoMo's conversations (26 and 41) and are the middle of a plateau there: `npm run bench -- context-recall`.

/** A name is in half of the passages: it says who, hardly what. */
const NAME_WEIGHT = 0.3;
/** Question and answer stand side by side: a passage gets this share of its neighbours' scores, its square of the next ones'. */
const NEIGHBOUR = 0.4;
const REACH = 2;
/** What the episode is about counts too: this share of the best score, by the episode's best few passages. */
const EPISODE_WEIGHT = 0.1;
const EPISODE_BEST = 3;
/** One who is asked about has mostly said it themselves. */
const SPEAKER_BOOST = 1.7;
/** A question holds the words of its answer, and not the answer. */
const QUESTION_DAMP = 0.7;
const QUESTION = /[?？]\s*$/u;

interface Indexed extends Passage {
  position: number;
  isQuestion: boolean;
}

/**
 * The passages of one conversation, in order, found by what a question asks: lexical, deterministic, without a model.
 * Adding one costs about 20 µs, ranking a thousand under 5 ms.
 */
export class RecallIndex {
  readonly #passages: Indexed[] = [];
  readonly #postings = new Postings();
  /** Speakers by the terms of their names. */
  readonly #speakers = new Map<string, string>();

  get size(): number {
    return this.#passages.length;
  }

  add(passage: Passage): void {
    const isQuestion = QUESTION.test(passage.text);
    const indexed = { ...passage, position: this.#passages.length, isQuestion };
    this.#passages.push(indexed);
    this.#postings.add(wordsOf(passage.text));
    for (const word of wordsOf(passage.speaker)) {
      const term = termOf(word);
      if (term !== null) this.#speakers.set(term, passage.speaker);
    }
  }

  /** Positions of all passages that have anything to do with the question, the nearest first; of equals the later. */
  rank(question: string): number[] {
    const asked = countedTerms(wordsOf(question));
    // One that the question says twice weighs twice.
    const weights = [...asked].map(
      ([term, count]) => [term, count * (this.#speakers.has(term) ? NAME_WEIGHT : 1)] as const,
    );
    const own = this.#postings.scores(weights);
    if (!own) return [];
    const scores = this.#withNeighbours(this.#withEpisodes(own));
    const askedAbout = this.#askedAbout(asked.keys());
    for (const { position, speaker, isQuestion } of this.#passages) {
      if (speaker === askedAbout) (scores[position] as number) *= SPEAKER_BOOST;
      if (isQuestion) (scores[position] as number) *= QUESTION_DAMP;
    }
    return this.#passages
      .map(({ position }) => position)
      .filter((position) => (scores[position] as number) > 0)
      .sort((a, b) => (scores[b] as number) - (scores[a] as number) || b - a);
  }

  /** The one speaker whom a question names; undefined if it names none or several. */
  #askedAbout(terms: Iterable<string>): string | undefined {
    const named = new Set<string>();
    for (const term of terms) {
      const speaker = this.#speakers.get(term);
      if (speaker !== undefined) named.add(speaker);
    }
    return named.size === 1 ? [...named][0] : undefined;
  }

  #withEpisodes(own: Float64Array): Float64Array {
    const best = new Map<number, number[]>();
    for (const { position, episode } of this.#passages) {
      const score = own[position] as number;
      const scores = best.get(episode) ?? [];
      if (scores.length === 0) best.set(episode, scores);
      // Most are none of the best: nothing is sorted for them.
      if (scores.length === EPISODE_BEST && score <= (scores[EPISODE_BEST - 1] as number)) continue;
      scores.push(score);
      scores.sort((a, b) => b - a).splice(EPISODE_BEST);
    }
    const sums = new Map([...best].map(([episode, scores]) => [episode, scores.reduce((a, b) => a + b, 0)]));
    const unit =
      (EPISODE_WEIGHT * own.reduce((most, score) => Math.max(most, score), 0)) / Math.max(...sums.values());
    return own.map((score, position) => {
      const { episode } = this.#passages[position] as Indexed;
      return score + unit * (sums.get(episode) as number);
    });
  }

  #withNeighbours(scores: Float64Array): Float64Array {
    return scores.map((score, position) => {
      let sum = score;
      const episode = this.#passages[position]?.episode;
      for (let distance = 1; distance <= REACH; distance++) {
        for (const beside of [position - distance, position + distance]) {
          if (this.#passages[beside]?.episode === episode)
            sum += NEIGHBOUR ** distance * (scores[beside] as number);
        }
      }
      return sum;
    });
  }
}
