import { expect } from 'vitest';
import {
  type AskedTurn,
  eraOf,
  MARK,
  messagesOf,
  pathTo,
  type Said,
  type ShownSession,
  type ShownTurn,
  sizeOf,
  textOf,
  wasAsked,
} from './context-shown.ts';

/** An epoch as its prompts have it. */
interface Epoch {
  readonly number: number;
  readonly covered: number;
  readonly summary: string;
}

/** 6: at most one compaction a turn, and each shrinks; and as long as an epoch lasts its summary stays as it is. */
export function checkEpochs({ epoch, summary }: ShownSession, said: Said): void {
  const eras = said.deletions.length;
  for (let era = 0; era <= eras; era++) {
    const turns = said.turns.filter((turn) => eraOf(turn, said) === era);
    const epochs = epochsIn(turns, said);
    checkOneATurn(era === eras ? epoch : Math.max(0, ...epochs.keys()), turns);
    for (const each of epochs.values()) checkShrinks(each, epochs.get(each.number - 1), said);
  }
  if (!summary) return;
  const covered = pathTo(said.turns[summary.covered - 1], said.byId);
  expect(summary.tokens).toBeLessThan(sum(covered.map(({ tokens }) => tokens)));
}

/** Each epoch was made behind a turn of its own, which was answered whole, in the epoch before. */
function checkOneATurn(epoch: number, turns: readonly ShownTurn[]): void {
  const answered = turns.filter(({ kind, status }) => kind === 'turn' && status === 'complete');
  expect(epoch).toBeLessThanOrEqual(answered.length);
  for (const { version, journey } of turns.filter(wasAsked)) {
    const before = answered.filter((each) => each.version < version);
    expect(journey.epoch, `of turn ${version}`).toBeLessThanOrEqual(before.length);
    expect(journey.covered > 0, `of turn ${version}`).toBe(journey.epoch > 0);
  }
  const inEpoch = new Set(answered.map(({ journey }) => journey?.epoch ?? 0));
  // Also on another path than that of the summary, and of a log that went on as it came, a prompt has none.
  const withoutSummary = answered.filter(({ journey }) => (journey?.epoch ?? 0) === 0);
  const unseen = Array.from({ length: epoch }, (_, at) => at).filter((at) => at === 0 || !inEpoch.has(at));
  expect(unseen.length).toBeLessThanOrEqual(withoutSummary.length);
}

/** A summary is shorter than what it is made for: the one before it and the turns behind that; on another branch than that one’s, all. */
function checkShrinks({ number, covered, summary }: Epoch, before: Epoch | undefined, said: Said): void {
  const path = pathTo(said.turns[covered - 1], said.byId);
  const goesOn = before && before.covered < covered && path.some(({ version }) => version === before.covered);
  const open = goesOn ? path.filter(({ version }) => version > before.covered) : path;
  // Of what was deleted since nobody knows how long it was.
  if (!open.every(isAsSaid)) return;
  const was = (goesOn ? before.summary.length : 0) + sum(open.map((turn) => longest(turn, said)));
  expect(summary.length, `of epoch ${number}`).toBeLessThan(was);
}

/** As the first prompt of each has it; all others of the epoch have the same. */
function epochsIn(turns: readonly ShownTurn[], { promptOf }: Said): Map<number, Epoch> {
  const epochs = new Map<number, Epoch>();
  for (const turn of turns.filter(wasAsked)) {
    const { epoch: number, covered } = turn.journey;
    if (number === 0) continue;
    const epoch = { number, covered, summary: summaryIn(turn, promptOf) };
    expect([turn.version, epoch]).toEqual([turn.version, epochs.get(number) ?? epoch]);
    epochs.set(number, epoch);
  }
  return epochs;
}

/** What people put right in it since stands behind it. */
const PUT_RIGHT = /\nPut right since, by a person,[\s\S]*$/;

function summaryIn({ request }: AskedTurn, promptOf: Said['promptOf']): string {
  const prompt = promptOf.get(request) ?? [];
  return prompt
    .filter(({ role }) => role === 'system')
    .map(({ content }) => textOf(content))
    .join('\n')
    .replace(PUT_RIGHT, '');
}

/** How long a turn may have been: as it was said, or with a person's words in the place of its answer. */
const longest = (turn: ShownTurn, { turns }: Said): number =>
  Math.max(
    ...[turn, ...turns.filter(({ supersedes }) => supersedes === turn.id)].map((each) =>
      sizeOf(messagesOf(each)),
    ),
  );

/** Nothing was taken out of it later on. */
const isAsSaid = ({ kind, content }: ShownTurn): boolean =>
  kind === 'items' || JSON.stringify(content).match(MARK) !== null;

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
