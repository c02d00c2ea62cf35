import type { SummaryContent } from './compaction/compactor.ts';
import { answerIn } from './corrections.ts';
import { correctionsIn, hasCorrections, type OpenedTurn, pathTo } from './path.ts';
import type { OpenSummary } from './ports.ts';
import { messageText } from './prompt/message-text.ts';
import { textTokens } from './prompt/tokens.ts';
import { contentOf } from './summary-content.ts';

/** What was put right behind a summary, by the id of the last turn in it. */
const PUT_RIGHT = new WeakMap<ReadonlyMap<string, OpenedTurn>, Map<string, string>>();

/**
 * A summary with what people have put right of the turns in it since, on whichever path they did so: it stays as it was made
 * until the next one, which is made of their words. Nearly always the summary itself.
 * @param known all turns at hand above `covered`
 * @param every reads all turns of the session
 */
export async function correctedSummary(
  summary: OpenSummary,
  coveredTurn: string,
  known: ReadonlyMap<string, OpenedTurn>,
  every: () => Promise<ReadonlyMap<string, OpenedTurn>>,
): Promise<OpenSummary> {
  if (!isPutRight(summary.covered, known)) return summary;
  const texts = PUT_RIGHT.get(known) ?? new Map<string, string>();
  PUT_RIGHT.set(known, texts);
  let text = texts.get(coveredTurn);
  if (text === undefined) {
    text = putRight(summary.covered, coveredTurn, await every());
    texts.set(coveredTurn, text);
  }
  if (text === '') return summary;
  const said = contentOf(summary);
  const content: SummaryContent = { ...said, text: `${said.text}\n${text}` };
  return { ...summary, tokens: summary.tokens + textTokens(text), content: JSON.stringify(content) };
}

/** Whether there is a correction at hand that may be one of what is covered. */
function isPutRight(covered: number, known: ReadonlyMap<string, OpenedTurn>): boolean {
  if (!hasCorrections(known)) return false;
  return [...known.values()].some(({ turn }) => {
    if (turn.supersedes === '' || turn.version <= covered) return false;
    const about = known.get(turn.supersedes)?.turn;
    return !about || about.version <= covered;
  });
}

function putRight(covered: number, coveredTurn: string, turns: ReadonlyMap<string, OpenedTurn>): string {
  const correctionOf = correctionsIn(turns);
  const lines = pathTo(coveredTurn, turns).flatMap(({ turn }) => {
    const correction = turn.supersedes === '' ? correctionOf(turn) : undefined;
    if (!correction || correction.turn.version <= covered) return [];
    const said = answerIn(correction.content.messages).map(messageText).join('\n');
    return [`Put right since, by a person, in the answer of turn ${turn.version}: ${said}`];
  });
  return lines.join('\n');
}
