import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { KIND, KINDS } from '../signals/leaves.ts';
import type { KnownChange } from './cause.ts';
import type { Where } from './place.ts';
import { MINUTE } from './settings.ts';

const PROVIDER = DIMENSIONS.indexOf('provider');
const TARGET = DIMENSIONS.indexOf('target');
const FAILED: ReadonlySet<string> = new Set(['errors', 'attempts']);
/** Of the rate at which what is out fails, what its siblings must show for it to be the provider (as in `coarsen`). */
const SIBLING_SHARE = 0.1;
const LEAST_SIBLING_RATE = 0.05;
const LEAST_SIBLING_BAD = 2;

/** What is out, with all that was said of it. */
export interface Outage {
  readonly place: readonly Where[];
  readonly changes: readonly KnownChange[];
}

/**
 * Outages of providers, one for each: where several of its targets are left alone, or one is and the others fail as well,
 * the provider is the place.
 * @param placeOf the finest place of a change that traffic is known of
 */
export function providerOutages(
  counts: Counts,
  changes: readonly KnownChange[],
  placeOf: (change: KnownChange) => readonly Where[],
): Outage[] {
  const placed = changes.map((change) => {
    const place = placeOf(change);
    return { change, place, provider: ownerOf(counts, place) };
  });
  const outages = Map.groupBy(placed, ({ provider, place }) =>
    provider === undefined ? `place ${JSON.stringify(place)}` : `provider ${provider}`,
  );
  return [...outages.values()].flatMap((of): Outage[] => {
    const [first] = of;
    if (!first) return [];
    const { provider, place } = first;
    const targets = new Set(of.flatMap((each) => each.place.map(({ value }) => value)));
    const isWhole = provider !== undefined && (targets.size > 1 || siblingsFail(counts, provider, place));
    return [
      {
        place: isWhole ? [{ dimension: PROVIDER, value: provider }] : place,
        changes: of.map(({ change }) => change),
      },
    ];
  });
}

/** The provider of a place that is one of its targets, or itself. */
function ownerOf(counts: Counts, [only]: readonly Where[]): number | undefined {
  if (only?.dimension === PROVIDER) return only.value;
  if (only?.dimension !== TARGET) return undefined;
  const [name = ''] = counts.dictionary.name(TARGET, only.value).split('/', 1);
  const provider = counts.dictionary.of(PROVIDER, name);
  return counts.seriesOf(PROVIDER, provider, KINDS.request) && provider;
}

/** Whether the provider's other targets have failed in the last minute, too. */
function siblingsFail(counts: Counts, provider: number, [only]: readonly Where[]): boolean {
  const { leaves, tick, marks } = counts;
  const own = { bad: 0, total: 0 };
  const others = { bad: 0, total: 0 };
  const failed = marks.all.filter(({ signal }) => FAILED.has(signal)).map(({ id }) => counts.cells(id));
  for (let leaf = 0; leaf < leaves.end; leaf++) {
    if (!leaves.isUsed(leaf) || leaves.value(leaf, KIND) !== KINDS.request) continue;
    if (leaves.value(leaf, PROVIDER) !== provider) continue;
    const sum = leaves.value(leaf, TARGET) === only?.value ? own : others;
    for (let at = Math.max(0, tick - MINUTE + 1); at <= tick; at++) {
      sum.total += leaves.total(leaf, at);
      for (const cells of failed) sum.bad += cells.of(leaf)?.at(at) ?? 0;
    }
  }
  const rate = ({ bad, total }: typeof own): number => bad / Math.max(1, total);
  return (
    others.bad >= LEAST_SIBLING_BAD && rate(others) >= Math.max(LEAST_SIBLING_RATE, SIBLING_SHARE * rate(own))
  );
}
