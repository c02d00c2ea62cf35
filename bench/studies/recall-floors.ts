import MiniSearch from 'minisearch';
import type { Conversation, Question } from './locomo.ts';

/** What of a conversation reaches a prompt. */
export interface Chosen {
  /** Whether the passage at this position does. */
  has(position: number): boolean;
  /** Of all that does. */
  tokens(): number;
}

/** A way to choose for a question within a budget of tokens. */
export type Choose = (question: Question, budget: number) => Chosen | Promise<Chosen>;

export interface Method {
  name: string;
  /** Reads the conversation once; what it returns answers questions. */
  prepare(conversation: Conversation): Choose;
}

export const chosenOf = (positions: ReadonlySet<number>, { tokens }: Conversation): Chosen => ({
  has: (position) => positions.has(position),
  tokens: () => [...positions].reduce((sum, position) => sum + (tokens[position] as number), 0),
});

/** Takes what fits, in order. */
function take(
  order: readonly number[],
  { tokens }: Conversation,
  budget: number,
  into = new Set<number>(),
): Set<number> {
  let left = budget;
  for (const position of into) left -= tokens[position] as number;
  for (const position of order) {
    const cost = tokens[position] as number;
    if (into.has(position) || cost > left) continue;
    into.add(position);
    left -= cost;
  }
  return into;
}

const latestFirst = ({ passages }: Conversation): number[] => passages.map((_, i) => passages.length - 1 - i);

/** MiniSearch as it comes: BM25+ on lower-cased words. */
function bm25({ passages }: Conversation): (question: Question) => number[] {
  const search = new MiniSearch({ fields: ['text'] });
  search.addAll(passages.map(({ speaker, text }, id) => ({ id, text: `${speaker}: ${text}` })));
  return ({ text }) => search.search(text).map(({ id }) => id as number);
}

/** Mean rarity of a passage's words: inverse document frequency, without any question. */
function mostSalientFirst({ passages }: Conversation): number[] {
  const words = passages.map(({ text }) => text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []);
  const seenIn = new Map<string, number>();
  for (const each of words) for (const word of new Set(each)) seenIn.set(word, (seenIn.get(word) ?? 0) + 1);
  const rarity = words.map(
    (each) =>
      each.reduce((sum, word) => sum + Math.log(passages.length / (seenIn.get(word) ?? 1)), 0) /
      Math.max(1, each.length),
  );
  return passages.map((_, i) => i).sort((a, b) => (rarity[b] as number) - (rarity[a] as number));
}

/** What a gateway would do without trying: the floors of the specification. */
export const FLOORS: readonly Method[] = [
  {
    name: 'sliding window',
    prepare(conversation) {
      const order = latestFirst(conversation);
      return (_question, budget) => chosenOf(take(order, conversation, budget), conversation);
    },
  },
  {
    name: 'tail and salience',
    prepare(conversation) {
      const latest = latestFirst(conversation);
      const salient = mostSalientFirst(conversation);
      return (_question, budget) => {
        const tail = take(latest, conversation, budget / 2);
        return chosenOf(take(salient, conversation, budget, tail), conversation);
      };
    },
  },
  {
    name: 'BM25 by question',
    prepare(conversation) {
      const rank = bm25(conversation);
      return (question, budget) => chosenOf(take(rank(question), conversation, budget), conversation);
    },
  },
  {
    name: 'half tail, half BM25',
    prepare(conversation) {
      const rank = bm25(conversation);
      const latest = latestFirst(conversation);
      return (question, budget) => {
        const tail = take(latest, conversation, budget / 2);
        return chosenOf(take(rank(question), conversation, budget, tail), conversation);
      };
    },
  },
];
