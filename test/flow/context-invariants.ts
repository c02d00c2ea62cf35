import { expect } from 'vitest';

/** What a provider was sent. */
export type Prompt = readonly {
  role: string;
  content: unknown;
  tool_calls?: unknown[];
  tool_call_id?: string;
}[];

/** A conversation as the admin API exports it. */
export interface ShownSession {
  readonly version: number;
  readonly epoch: number;
  readonly covered: number;
  readonly summary: { readonly covered: number; readonly tokens: number } | null;
  readonly turns: readonly {
    readonly id: string;
    readonly version: number;
    readonly parent: string;
    readonly kind: string;
    readonly format: string;
    /** The id of the client's. */
    readonly request: string;
    readonly status: string;
    readonly supersedes: string;
    readonly tokens: number;
    readonly onPath: boolean;
    readonly staleBase: boolean;
    readonly at: number;
    readonly opens: boolean;
    readonly journey: {
      readonly epoch: number;
      readonly covered: number;
      readonly sent: readonly number[];
      readonly cut: readonly number[];
      readonly unsent?: number;
    } | null;
    readonly content: unknown;
  }[];
}

type ShownTurn = ShownSession['turns'][number];
type Journey = NonNullable<ShownTurn['journey']>;

/** What its clients know of it, by marks that stand in what they said. */
export interface Known {
  readonly acknowledged: ReadonlyMap<string, { readonly version: number; readonly log?: Prompt | undefined }>;
  readonly answered: ReadonlySet<string>;
  readonly open: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  readonly corrections: ReadonlyMap<string, { readonly version: number }>;
  /** At which versions something was deleted. */
  readonly deletions: readonly number[];
  /** What logs may bring again otherwise than it is stored: on another path it is there again. */
  readonly retold: ReadonlySet<string>;
}

const MARK = /\[\[([^:]+:[^:]+):\d+\]\]/g;

/** 3: results stand behind their calls. */
export function checkPairs(prompt: Prompt): void {
  let waiting: string[] = [];
  for (const message of prompt) {
    if (message.role === 'tool') {
      expect(waiting).toContain(message.tool_call_id);
      waiting = waiting.filter((id) => id !== message.tool_call_id);
      continue;
    }
    expect(waiting).toEqual([]);
    if (message.tool_calls) waiting = message.tool_calls.map((call) => (call as { id: string }).id);
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

/** What a message says, however its content is written. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join('');
  if (typeof content !== 'object' || content === null) return '';
  const { text, content: inner } = content as { text?: unknown; content?: unknown };
  return textOf(text ?? inner);
}

/** About how much messages take: their text, and what each costs beside it. */
const sizeOf = (messages: readonly { readonly content: unknown }[]): number =>
  messages.reduce((sum, { content }) => sum + textOf(content).length + 16, 0);

/** 1, 2, 4, 5, 6 and 8, of one conversation. @param promptOf what was sent for each request, by its id */
export function checkSession(shown: ShownSession, known: Known, promptOf: ReadonlyMap<string, Prompt>): void {
  const { turns, epoch, summary } = shown;
  checkMarks(turns, known);
  // 2: no gaps, in the order of commits.
  expect(turns.map(({ version }) => version)).toEqual(turns.map((_, at) => at + 1));
  for (let at = 1; at < turns.length; at++)
    expect(turns[at]?.at).toBeGreaterThanOrEqual((turns[at - 1] as ShownTurn).at);
  // 6: at most one compaction a turn.
  expect(epoch).toBeLessThanOrEqual(turns.length);
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  checkPaths(turns, byId);
  for (const { version, log } of known.acknowledged.values())
    if (log) checkLog(turns[version - 1] as ShownTurn, log, known, promptOf, turns, byId);
  // 6: and what it has made is less than what it stands for.
  if (summary) {
    const covered = pathTo(turns[summary.covered - 1] as ShownTurn, byId);
    expect(summary.tokens).toBeLessThan(covered.reduce((sum, { tokens }) => sum + tokens, 0));
  }
  for (const turn of turns) {
    const { journey } = turn;
    if (!journey || turn.status === 'failed') continue;
    // 6: the turns before it have made one each, at most.
    expect(journey.epoch).toBeLessThan(turn.version);
    expect(journey.covered > 0).toBe(journey.epoch > 0);
    const prompt = promptOf.get(turn.request) as Prompt;
    expect([turn.version, prompt]).toEqual([turn.version, expect.anything()]);
    // 4: what was sent is there, in its order, and before what is asked now; what was recalled stands behind that.
    const sent = [...journey.sent.map((version) => turns[version - 1] as ShownTurn), ...saidIn(turn, turns)];
    const marks = marksIn(sent.flatMap(messagesOf));
    const there = marksIn(prompt).filter((mark) => !known.gone.has(mark));
    if ((journey.unsent ?? 0) === 0)
      expect([turn.version, there.slice(0, marks.length)]).toEqual([turn.version, marks]);
    const before = byId.get((saidIn(turn, turns)[0] as ShownTurn).parent);
    if (!turn.staleBase && before) checkPath(turn, pathTo(before, byId), shown, known, promptOf);
  }
}

/** 1 and 8: what clients know of is there, or is not. */
function checkMarks(turns: ShownSession['turns'], known: Known): void {
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

/** 1: on no path is anything said twice, though it may be on several. */
function checkPaths(turns: ShownSession['turns'], byId: ReadonlyMap<string, ShownTurn>): void {
  const followed = new Set(turns.map(({ parent }) => parent));
  for (const last of turns) {
    if (followed.has(last.id)) continue;
    const marks = pathTo(last, byId).flatMap((turn) => [...new Set(marksIn(messagesOf(turn)))]);
    const again = marks.filter((mark, at) => marks.indexOf(mark) < at);
    expect([last.version, again]).toEqual([last.version, []]);
  }
}

/**
 * What a provider was sent of a log is what its client's own says: as it came; or, where it was put together, in its order, but
 * for what a summary stands for, or had to be cut. What others have said is there only where they spoke at once, or before
 * the client came.
 */
function checkLog(
  turn: ShownTurn,
  log: Prompt,
  known: Known,
  promptOf: ReadonlyMap<string, Prompt>,
  turns: ShownSession['turns'],
  byId: ReadonlyMap<string, ShownTurn>,
): void {
  const prompt = promptOf.get(turn.request) as Prompt;
  const { journey, version } = turn;
  if (!journey) {
    expect([version, prompt]).toEqual([version, log]);
    return;
  }
  if ((journey.unsent ?? 0) > 0) return;
  const isLeft = (each: ShownTurn): boolean =>
    each.version <= journey.covered || journey.cut.includes(each.version);
  const left = new Set([...known.gone, ...marksIn(turns.filter(isLeft).flatMap(messagesOf))]);
  const own = marksIn(log);
  const whole = own.filter((mark) => !left.has(mark));
  const there = marksIn(prompt).filter((mark) => whole.includes(mark));
  expect([version, there]).toEqual([version, whole]);
  const [asked, now] = [log, prompt].map((messages) => textOf(messages.at(-1)?.content));
  expect([version, now?.slice(0, asked?.length)]).toEqual([version, asked]);
  const others = marksIn(prompt.slice(0, -1)).filter((mark) => !own.includes(mark));
  if (others.length === 0) return;
  const path = pathTo(byId.get((saidIn(turn, turns)[0] as ShownTurn).parent), byId);
  const begins = marksIn(path.slice(0, 1).flatMap(messagesOf))[0] === own[0];
  expect([version, begins && !path.some(({ staleBase }) => staleBase) ? others : []]).toEqual([version, []]);
}

/** A turn; before it the one, if there is such, that has what its log said otherwise than it was stored. */
function saidIn(turn: ShownTurn, turns: ShownSession['turns']): ShownTurn[] {
  return [...turns.filter(({ kind, request }) => kind === 'items' && request === turn.request), turn];
}

/** 4, 5 and 6, of a turn that had seen all of the path that it follows. */
function checkPath(
  turn: ShownTurn,
  path: readonly ShownTurn[],
  { turns }: ShownSession,
  { deletions }: Known,
  promptOf: ReadonlyMap<string, Prompt>,
): void {
  const journey = turn.journey as Journey;
  // 4: the summary stands for exactly its prefix, and what it does not cover is there.
  const open = path.filter(({ version }) => version > journey.covered);
  const versions = [...journey.sent, ...journey.cut].sort((a, b) => a - b);
  expect([turn.version, versions]).toEqual([turn.version, open.map(({ version }) => version)]);
  // Each API has its own form of what was said: in messages what somebody says in a row is one, in chat completions it is not.
  const at = path.findLastIndex((each) => each.format === turn.format && wasSeenWhole(each));
  const before = path[at];
  if (!before?.journey || journey.cut.length > 0) return;
  const isEdited =
    turns.some(
      ({ supersedes, version }) => supersedes !== '' && before.version < version && version < turn.version,
    ) || deletions.some((version) => before.version <= version && version < turn.version);
  if (isEdited) return;
  const [earlier, later] = [before, turn].map(({ request }) => promptOf.get(request)) as [Prompt, Prompt];
  const since = path.slice(at);
  // One that was made for another path is not made of what this one had: it may stand for less of it.
  const on = new Set([...path, ...saidIn(turn, turns)]);
  const sinceCovered = turns.slice(before.journey.covered, turn.version);
  const isHere = sinceCovered.every((each) => on.has(each) || isNowhere(each));
  if (journey.epoch > before.journey.epoch && isHere && since.every(isAsSaid)) {
    // 6: the prompt behind a compaction is shorter than it would have been.
    const would = [...earlier.slice(0, -1), ...since.flatMap(messagesOf)];
    expect(sizeOf(later.slice(0, -1))).toBeLessThan(sizeOf(would));
  }
  if (journey.epoch !== before.journey.epoch) return;
  // 5: inside an epoch a prompt is the beginning of the next, where that had not to be cut.
  expect(later.slice(0, earlier.length - 1)).toEqual(earlier.slice(0, -1));
  // The last message of the earlier one may have had something recalled at its end.
  const last = textOf(later[earlier.length - 1]?.content);
  expect(last).not.toBe('');
  expect(textOf(earlier.at(-1)?.content).startsWith(last)).toBe(true);
}

/** A turn with a prompt that is to begin the next one, and an answer behind it. */
const wasSeenWhole = ({ journey, staleBase, status, opens }: ShownTurn): boolean =>
  journey !== null && journey.cut.length === 0 && !staleBase && status === 'complete' && !opens;

/** It is on no path. */
const isNowhere = ({ status, kind }: ShownTurn): boolean => status === 'failed' || kind === 'correction';

/** Nothing was taken out of it later on. */
const isAsSaid = ({ kind, content }: ShownTurn): boolean =>
  kind === 'items' || JSON.stringify(content).match(MARK) !== null;

const messagesOf = ({ content }: ShownTurn): Prompt => (content as { messages: Prompt }).messages;

/** Of what users say, in their order. */
const marksIn = (messages: Prompt): string[] =>
  messages.flatMap(({ role, content }) => (role === 'user' ? (textOf(content).match(MARK) ?? []) : []));

/** Without failed ones, and corrections, which stand in the place of others. */
function pathTo(last: ShownTurn | undefined, byId: ReadonlyMap<string, ShownTurn>): ShownTurn[] {
  const path: ShownTurn[] = [];
  for (let turn = last; turn; turn = byId.get(turn.parent))
    if (turn.status !== 'failed' && turn.supersedes === '') path.unshift(turn);
  return path;
}
