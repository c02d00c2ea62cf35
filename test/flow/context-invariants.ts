import { expect } from 'vitest';
import { checkEpochs } from './context-epochs.ts';
import { checkPrompt } from './context-prefixes.ts';
import {
  type Deletion,
  MARK,
  marksIn,
  messagesOf,
  type Prompt,
  pathTo,
  type Said,
  type ShownSession,
  type ShownTurn,
  saidIn,
  textOf,
  wasAsked,
  withoutRecalled,
} from './context-shown.ts';

/** What its clients know of it, by marks that stand in what they said. */
export interface Known {
  readonly acknowledged: ReadonlyMap<string, { readonly version: number; readonly log?: Prompt | undefined }>;
  readonly answered: ReadonlySet<string>;
  readonly open: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  readonly corrections: ReadonlyMap<string, { readonly version: number }>;
  readonly deletions: readonly Deletion[];
  /** What logs may bring again otherwise than it is stored: on another path it is there again. */
  readonly retold: ReadonlySet<string>;
}

/** 3: each result has one call before it, and those of calls that were made at once follow these, all of them, with nothing between. */
export function checkPairs(prompt: Prompt): void {
  let waiting: string[] = [];
  for (const { role, tool_call_id: id, tool_calls: calls } of prompt) {
    if (role === 'tool') {
      expect(waiting.filter((each) => each === id)).toEqual([id]);
      waiting = waiting.filter((each) => each !== id);
      continue;
    }
    expect(waiting).toEqual([]);
    if (calls) waiting = calls.map((call) => (call as { id: string }).id);
  }
  expect(waiting).toEqual([]);
}

/** 3 and 7, in every prompt: everything is of one conversation, too. */
export function checkPrompts(prompts: readonly Prompt[]): void {
  for (const prompt of prompts) {
    checkPairs(prompt);
    const places = new Set([...JSON.stringify(prompt).matchAll(MARK)].map(([, place]) => place));
    expect([...places]).toHaveLength(1);
  }
}

/** All but 3 and 7, of one conversation. @param promptOf what was sent for each request, by its id */
export function checkSession(shown: ShownSession, known: Known, promptOf: ReadonlyMap<string, Prompt>): void {
  const { turns } = shown;
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const said: Said = { turns, byId, promptOf, deletions: known.deletions };
  checkMarks(turns, known);
  // 2: no gaps, in the order of commits.
  expect(turns.map(({ version }) => version)).toEqual(turns.map((_, at) => at + 1));
  for (let at = 1; at < turns.length; at++)
    expect(turns[at]?.at).toBeGreaterThanOrEqual((turns[at - 1] as ShownTurn).at);
  checkPaths(turns, byId, known);
  for (const { version, log } of known.acknowledged.values())
    if (log) checkLog(turns[version - 1] as ShownTurn, log, known, said);
  for (const turn of turns.filter(wasAsked)) checkPrompt(turn, said, known.gone);
  checkEpochs(shown, said);
}

/** 1 and 8: what clients know of is there, or is not. */
function checkMarks(turns: Said['turns'], known: Known): void {
  const texts = turns.map(({ content }) => JSON.stringify(content));
  // 1: acknowledged means present exactly once, where it was said to be. A correction repeats what was asked.
  const versionsOf = (mark: string, is: (turn: ShownTurn) => boolean = () => true) =>
    turns.filter((turn, at) => is(turn) && texts[at]?.includes(mark)).map(({ version }) => version);
  const isSaid = ({ kind }: ShownTurn): boolean => kind !== 'correction';
  const isAgain = (mark: string): boolean => known.retold.has(mark);
  for (const [mark, { version }] of known.acknowledged)
    expect([mark, versionsOf(mark, isSaid)]).toEqual([
      mark,
      isAgain(mark) ? expect.arrayContaining([version]) : [version],
    ]);
  for (const [mark, { version }] of known.corrections)
    expect([mark, versionsOf(mark)]).toEqual([mark, [version]]);
  for (const mark of known.answered) {
    const { length } = versionsOf(mark, isSaid);
    expect([mark, isAgain(mark) ? Math.min(length, 1) : length]).toEqual([mark, 1]);
  }
  for (const mark of known.open)
    if (!isAgain(mark)) expect([mark, versionsOf(mark)]).toEqual([mark, versionsOf(mark).slice(0, 1)]);
  // 8: what is gone stays gone.
  for (const mark of known.gone) expect([mark, versionsOf(mark)]).toEqual([mark, []]);
}

/**
 * 1: on no path is anything said twice, though it may be on several. But for a question that nobody has answered: of clients that
 * bring it at once, each before what it says itself, all are merged, and none is thrown off the path for the other's sake.
 */
function checkPaths(turns: Said['turns'], byId: Said['byId'], known: Known): void {
  const followed = new Set(turns.map(({ parent }) => parent));
  const isUnanswered = (mark: string): boolean =>
    known.retold.has(mark) && !known.acknowledged.has(mark) && !known.answered.has(mark);
  for (const last of turns) {
    if (followed.has(last.id)) continue;
    const marks = pathTo(last, byId).flatMap((turn) =>
      [...new Set(marksIn(messagesOf(turn)))].map((mark) => ({ mark, isMerged: turn.staleBase })),
    );
    const again = marks.filter(
      ({ mark, isMerged }, at) =>
        marks.findIndex((each) => each.mark === mark) < at && !(isMerged && isUnanswered(mark)),
    );
    expect([last.version, again]).toEqual([last.version, []]);
  }
}

/**
 * What a provider was sent of a log is what its client's own says: as it came; or, where it was put together, in its order, but
 * for what a summary stands for, or had to be cut. What others have said is there only where they spoke at once, or before
 * the client came.
 */
function checkLog(turn: ShownTurn, log: Prompt, known: Known, { turns, byId, promptOf }: Said): void {
  const sent = promptOf.get(turn.request) as Prompt;
  const { journey, version } = turn;
  if (!journey) {
    expect([version, sent]).toEqual([version, log]);
    return;
  }
  const prompt = withoutRecalled(sent);
  const isLeft = (each: ShownTurn): boolean =>
    each.version <= journey.covered || journey.cut.includes(each.version);
  const left = new Set([...known.gone, ...marksIn(turns.filter(isLeft).flatMap(messagesOf))]);
  const own = marksIn(log);
  const whole = own.filter((mark) => !left.has(mark));
  const there = marksIn(prompt).filter((mark) => whole.includes(mark));
  // Of one that is new and too long the oldest is not sent.
  const from = (journey.unsent ?? 0) === 0 ? 0 : Math.max(0, whole.length - there.length);
  expect([version, there]).toEqual([version, whole.slice(from)]);
  expect([version, textOf(prompt.at(-1)?.content)]).toEqual([version, textOf(log.at(-1)?.content)]);
  const others = marksIn(prompt.slice(0, -1)).filter((mark) => !own.includes(mark));
  if (others.length === 0) return;
  const path = pathTo(byId.get(saidIn(turn, turns)[0].parent), byId);
  const begins = marksIn(path.slice(0, 1).flatMap(messagesOf))[0] === own[0];
  expect([version, begins && !path.some(({ staleBase }) => staleBase) ? others : []]).toEqual([version, []]);
}
