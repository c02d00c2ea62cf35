import type { BadAndTotal, Scope, Watch, WatchedTick } from '../../contracts/signal.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { KIND, RING } from '../signals/leaves.ts';
import { SIGNALS, type SignalRule } from '../signals/marks.ts';
import { matches, type Where } from './place.ts';

const REVISION = DIMENSIONS.indexOf('revision');
/** Watches at once: one more than can be asked for is told nothing. */
const MOST = 500;

interface Held {
  readonly watch: Watch;
  readonly places: readonly (readonly Where[])[];
  /** Undefined: there is no such signal, and nothing to be counted. */
  readonly kind: number | undefined;
}

/** What somebody asked to be counted, inside some scopes and beside them, tick by tick. */
export class Watches {
  readonly #counts: Counts;
  readonly #held = new Map<string, Held>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  add(watch: Watch): void {
    if (this.#held.size >= MOST && !this.#held.has(watch.id)) return;
    const name = watch.signal.split(':')[0] as string;
    this.#held.set(watch.id, {
      watch,
      places: watch.scopes.map((scope) => this.#placeOf(scope)),
      kind: (SIGNALS as Readonly<Record<string, SignalRule>>)[name]?.kind,
    });
  }

  delete(id: string): void {
    this.#held.delete(id);
  }

  get all(): Watch[] {
    return [...this.#held.values()].map(({ watch }) => watch);
  }

  step(at: number): WatchedTick[] {
    return [...this.#held.values()].map(({ watch, places, kind }) => {
      const inside = { bad: 0, total: 0 };
      const outside = { bad: 0, total: 0 };
      const { leaves, touched, tick } = this.#counts;
      const cells = this.#counts.marks.matching(watch.signal).map(({ id }) => this.#counts.cells(id));
      for (const leaf of touched) {
        if (leaves.value(leaf, KIND) !== kind) continue;
        // What had begun before a fix was applied says nothing about it, however late it ends.
        const revision = leaves.value(leaf, REVISION);
        if (revision > 0 && revision < watch.fromRevision) continue;
        const side: { bad: number; total: number } = places.some((place) =>
          matches(this.#counts, leaf, place),
        )
          ? inside
          : outside;
        side.total += leaves.total(leaf, tick);
        for (const each of cells) side.bad += each.of(leaf)?.ring[tick % RING] ?? 0;
      }
      return { watch: watch.id, at, ...capped(inside), outside: capped(outside) };
    });
  }

  #placeOf(scope: Scope): Where[] {
    return DIMENSIONS.flatMap((name, dimension) => {
      const value = scope[name];
      return value === undefined ? [] : [{ dimension, value: this.#counts.dictionary.of(dimension, value) }];
    });
  }
}

/** A request may be bad for several reasons; it is bad once. */
const capped = ({ bad, total }: BadAndTotal): BadAndTotal => ({ bad: Math.min(bad, total), total });
