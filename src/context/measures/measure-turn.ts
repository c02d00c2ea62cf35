import { hasWords } from '../facts/has-words.ts';
import type { ConversationMemory } from '../memory/conversation-memory.ts';
import type { TurnPassage } from '../memory/passages.ts';
import { termsOf } from '../recall/words.ts';
import { isComplaint } from './complaint.ts';
import { type ReAsk, reAskOf } from './re-ask.ts';
import { similarity } from './similarity.ts';

/** What was in the prompt of a turn, beside what the user said in it. */
export interface Included {
  /** Whether the turn of this version was there as it was said. */
  readonly isVerbatim: (version: number) => boolean;
  /** The epoch's; '' without one. */
  readonly summary: string;
  readonly recalled: readonly TurnPassage[];
}

export interface MeasuredTurn {
  readonly version: number;
  /** What the user said, '' where only tools spoke. */
  readonly question: string;
  readonly answer: string;
  readonly included: Included;
}

/** Shares from 0 to 1; -1 = there was nothing to measure it by. */
export interface TurnMeasures {
  /** Of the stored facts that the user's words ask for, those in the prompt. */
  readonly recall: number;
  /** Of the recalled passages, those whose rare words the answer uses. */
  readonly usage: number;
  /** Mean likeness of the included turns to what the user said. */
  readonly relevance: number;
  readonly reAsk: ReAsk;
  readonly complaint: boolean;
}

/** Passages whose likeness is looked at. */
const MOST_COMPARED = 40;
/** Characters that are read of either text. */
const LONGEST = 8000;

/**
 * How well a turn's context served it. About 0.5 ms: for after the answer.
 * @param memory of the path, with the measured turn in it or not
 */
export function measureTurn(memory: ConversationMemory, turn: MeasuredTurn): TurnMeasures {
  const question = turn.question.slice(0, LONGEST);
  const answer = turn.answer.slice(0, LONGEST);
  const asked = termsOf(question);
  return {
    recall: recallRate(memory, turn, asked),
    usage: usageRate(memory, turn.included.recalled, question, answer),
    relevance: relevance(memory, turn, asked),
    reAsk: reAskOf(answer, {
      questions: memory.questionsBefore(turn.version),
      facts: memory.book.facts.filter(({ version, speaker }) => version < turn.version && speaker === 'user'),
    }),
    complaint: isComplaint(question),
  };
}

/** A fact is needed where all that it is about stands in the user's words. */
function recallRate(
  { book }: ConversationMemory,
  { version, included }: MeasuredTurn,
  asked: ReadonlySet<string>,
): number {
  const needed = book.facts.filter(
    (fact) =>
      fact.version < version && fact.subject.length > 0 && fact.subject.every((term) => asked.has(term)),
  );
  if (needed.length === 0) return -1;
  const there = needed.filter(
    (fact) =>
      included.isVerbatim(fact.version) ||
      hasWords(included.summary, fact.value) ||
      included.recalled.some(({ text }) => hasWords(text, fact.value)),
  );
  return there.length / needed.length;
}

function usageRate(
  memory: ConversationMemory,
  recalled: readonly TurnPassage[],
  question: string,
  answer: string,
): number {
  if (recalled.length === 0) return -1;
  const said = termsOf(answer);
  const used = recalled.filter((passage) =>
    memory.rareTerms(passage, question).some((term) => said.has(term)),
  );
  return used.length / recalled.length;
}

function relevance(
  memory: ConversationMemory,
  { version, included }: MeasuredTurn,
  asked: ReadonlySet<string>,
): number {
  if (asked.size === 0) return -1;
  let [sum, count] = [0, 0];
  for (const terms of memory.termsIn((each) => each < version && included.isVerbatim(each))) {
    sum += similarity(terms, asked);
    if (++count === MOST_COMPARED) break;
  }
  return count === 0 ? -1 : sum / count;
}
