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
  readonly epoch: number;
  readonly covered: number;
  readonly turns: readonly {
    readonly id: string;
    readonly version: number;
    readonly parent: string;
    readonly status: string;
    readonly staleBase: boolean;
    readonly at: number;
    readonly opens: boolean;
    readonly journey: {
      readonly epoch: number;
      readonly covered: number;
      readonly sent: readonly number[];
      readonly cut: readonly number[];
    } | null;
    readonly content: unknown;
  }[];
}

type ShownTurn = ShownSession['turns'][number];

/** What its clients know of it, by marks that stand in what they said. */
export interface Known {
  readonly acknowledged: ReadonlyMap<string, { readonly version: number }>;
  readonly answered: ReadonlySet<string>;
  readonly open: ReadonlySet<string>;
  readonly erased: ReadonlySet<string>;
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

/** 1, 2, 4, 5, 6 and 8, of one conversation. */
export function checkSession({ turns, epoch }: ShownSession, known: Known, prompts: readonly Prompt[]): void {
  const texts = turns.map(({ content }) => JSON.stringify(content));
  // 1: acknowledged means present exactly once, where it was said to be.
  const versionsOf = (mark: string) =>
    turns.filter((_, at) => texts[at]?.includes(mark)).map(({ version }) => version);
  for (const [mark, { version }] of known.acknowledged)
    expect([mark, versionsOf(mark)]).toEqual([mark, [version]]);
  for (const mark of known.answered) expect([mark, versionsOf(mark).length]).toEqual([mark, 1]);
  for (const mark of known.open) expect(versionsOf(mark).length).toBeLessThanOrEqual(1);
  // 8: erased stays erased.
  for (const mark of known.erased) expect([mark, versionsOf(mark)]).toEqual([mark, []]);
  // 2: no gaps, in the order of commits.
  expect(turns.map(({ version }) => version)).toEqual(turns.map((_, at) => at + 1));
  for (let at = 1; at < turns.length; at++)
    expect(turns[at]?.at).toBeGreaterThanOrEqual((turns[at - 1] as ShownTurn).at);
  // 6: at most one compaction a turn.
  expect(epoch).toBeLessThanOrEqual(turns.length);
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const promptOf = (turn: ShownTurn): Prompt | undefined => {
    const mark = MARK[Symbol.matchAll](JSON.stringify(turn.content)).next().value?.[0];
    return prompts.findLast((prompt) => JSON.stringify(prompt.at(-1)).includes(mark ?? ' '));
  };
  for (const turn of turns) {
    const { journey } = turn;
    const before = byId.get(turn.parent);
    if (!journey || turn.staleBase || !before) continue;
    // 4: the summary stands for exactly its prefix, and what it does not cover is there.
    const open = pathTo(before, byId).filter(({ version }) => version > journey.covered);
    const shown = [...journey.sent, ...journey.cut].sort((a, b) => a - b);
    expect([turn.version, shown]).toEqual([turn.version, open.map(({ version }) => version)]);
    expect(journey.covered > 0).toBe(journey.epoch > 0);
    // 5: inside an epoch a prompt is the beginning of the next, where that had not to be cut.
    const wasShown = before.journey && !before.staleBase && before.status === 'complete' && !before.opens;
    if (!wasShown || before.journey?.epoch !== journey.epoch || journey.cut.length > 0) continue;
    if (before.journey.cut.length > 0) continue;
    const [earlier, later] = [promptOf(before), promptOf(turn)];
    if (!earlier || !later) continue;
    expect(later.slice(0, earlier.length - 1)).toEqual(earlier.slice(0, -1));
    // The last message of the earlier one may have had something recalled at its end.
    expect(String(earlier.at(-1)?.content).startsWith(String(later[earlier.length - 1]?.content))).toBe(true);
  }
}

/** Without failed ones. */
function pathTo(last: ShownTurn, byId: ReadonlyMap<string, ShownTurn>): ShownTurn[] {
  const path: ShownTurn[] = [];
  for (let turn: ShownTurn | undefined = last; turn; turn = byId.get(turn.parent))
    if (turn.status !== 'failed') path.unshift(turn);
  return path;
}
