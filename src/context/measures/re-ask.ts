import type { SaidFact } from '../facts/fact-book.ts';
import type { AskedQuestion } from '../memory/conversation-memory.ts';
import { answerKinds, questionsOf } from './questions.ts';
import { similarity } from './similarity.ts';

/** By what an answer asks for something that had been answered. `both` is sure enough to alert on, either shows a trend. */
export type ReAsk = '' | 'similar' | 'type' | 'both';

/** So alike are two wordings of one question. */
const ALIKE = 0.6;

/**
 * Whether an answer asks again: in words like those of an earlier question, or for a kind of fact that the user has given
 * about the same thing.
 *
 * @param before questions of the assistant and facts of the user, of earlier turns
 */
export function reAskOf(
  answer: string,
  before: { readonly questions: readonly AskedQuestion[]; readonly facts: readonly SaidFact[] },
): ReAsk {
  let found: ReAsk = '';
  for (const asked of questionsOf(answer)) {
    const similar = before.questions.some(({ terms }) => similarity(terms, asked) >= ALIKE);
    const type = isKnown(asked, before.facts);
    if (similar && type) return 'both';
    if (similar) found = 'similar';
    else if (type && found === '') found = 'type';
  }
  return found;
}

function isKnown(asked: ReadonlySet<string>, facts: readonly SaidFact[]): boolean {
  const kinds = answerKinds(asked);
  return facts.some(({ kind, subject, isStated }) => {
    if (subject.length === 0) return false;
    const shared = subject.reduce((sum, term) => (asked.has(term) ? sum + 1 : sum), 0);
    // "my seat is by the window" has no form, and is the answer to "which seat?" all the same.
    return (kinds.has(kind) || (isStated && kind === 'text')) && shared * 2 >= subject.length && shared > 0;
  });
}
