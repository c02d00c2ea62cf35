import type { SessionHead, SessionRef } from '../contracts/session.ts';
import { correctionsOf } from './corrections.ts';
import { type JourneyStep, rangesOf } from './journey.ts';
import { passagesOf } from './memory/passages.ts';
import { arrange, isCut, type OpenedTurn } from './path.ts';
import type { RecalledOf } from './prompt/build-prompt.ts';
import type { SessionReader } from './read-sessions.ts';

/** What was recalled of a turn, with a text for each of its places: null where nobody can tell any more. */
type RecalledText = RecalledOf & { readonly texts: readonly (string | null)[] };

type Turn = OpenedTurn['turn'];

/** A turn, and what it stands in a prompt with: that whose calls it brings the results of, and what corrects one of the two. */
type Source = readonly [turn: Turn, ...beside: Turn[]];

/**
 * The words that were recalled for turns, as their conversation has them today. There are none of a turn in which something was
 * deleted, and none where an older gateway has kept no places.
 * @param steps of the turns that are asked about
 * @param known every turn of the session, without what it says
 * @returns what finds them for one of the steps
 * @throws as `SessionReader.turns`
 */
export async function recalledWords(
  reader: Pick<SessionReader, 'turns'>,
  ref: SessionRef,
  head: SessionHead,
  steps: readonly JourneyStep[],
  known: readonly OpenedTurn[],
): Promise<(step: JourneyStep) => RecalledText[]> {
  const all = known.map(({ turn }) => turn);
  const byVersion = new Map(all.map((turn) => [turn.version, turn]));
  const byId = new Map(all.map((turn) => [turn.id, turn]));
  const corrections = all.filter(({ supersedes }) => supersedes !== '');
  const sourceOf = ({ version }: RecalledOf, step: JourneyStep): Source | undefined => {
    const turn = byVersion.get(version);
    if (!turn) return undefined;
    const call = byId.get(turn.resolves);
    const made = corrections.filter((each) => each.version < step.version);
    const beside = call ? [call, ...correctionsOf(call, made)] : [];
    return [turn, ...beside, ...correctionsOf(turn, made)];
  };
  const wanted = new Set<number>();
  for (const step of steps)
    for (const each of step.context?.recalled ?? [])
      for (const { version } of (each.places && sourceOf(each, step)) ?? []) wanted.add(version);
  const opened = await openedOf(reader, ref, head, wanted);
  return (step) =>
    (step.context?.recalled ?? []).map((each) => {
      const texts = textsOf(sourceOf(each, step) ?? [], opened);
      return { ...each, texts: (each.places ?? []).map((place) => texts[place] ?? null) };
    });
}

/** None between them is read. */
async function openedOf(
  reader: Pick<SessionReader, 'turns'>,
  ref: SessionRef,
  head: SessionHead,
  versions: ReadonlySet<number>,
): Promise<ReadonlyMap<string, OpenedTurn>> {
  const opened = new Map<string, OpenedTurn>();
  for (const range of rangesOf([...versions].sort((a, b) => a - b))) {
    const [first, last] = typeof range === 'number' ? [range, range] : range;
    for await (const each of reader.turns(ref, head, { after: first - 1, to: last }))
      opened.set(each.turn.id, each);
  }
  return opened;
}

/** The passages of a source's turn, as prompts have it. */
function textsOf(source: Source | readonly [], opened: ReadonlyMap<string, OpenedTurn>): string[] {
  const [of, ...beside] = source.flatMap(({ id }) => opened.get(id) ?? []);
  if (!of || [of, ...beside].some(isCut)) return [];
  // Its own call stands with the results, but was recalled as it was said before they came.
  const turn = { ...of, turn: { ...of.turn, opens: false } };
  const { turns } = arrange([turn], new Map([turn, ...beside].map((each) => [each.turn.id, each])));
  return turns.flatMap((each) => [...passagesOf(each)].map(({ text }) => text));
}
