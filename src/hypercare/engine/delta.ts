import { DDSketch } from '@datadog/sketches-js';
import type { Bill } from '../../contracts/engine.ts';
import { HyperLogLog } from '../../lib/hyperloglog.ts';
import { DIMENSIONS, WIDTH } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { KEY, KIND } from '../signals/leaves.ts';
import { SIGNALS, type SignalName } from '../signals/marks.ts';
import type { Bills } from './bills.ts';
import type { Intake } from './intake.ts';
import type { Objective, Objectives } from './objectives.ts';
import { MINUTE } from './settings.ts';

/** The parts of the engine that replicas tell one another of. */
export interface Shared {
  readonly counts: Counts;
  readonly intake: Intake;
  readonly objectives: Objectives;
  readonly bills: Bills;
}

/** Leaves that are told one by one, those with bad ones first; the rest is told as one. */
const MOST_LEAVES = 5_000;
const CONSUMER = DIMENSIONS.indexOf('consumer');
const MODEL = DIMENSIONS.indexOf('model');

/**
 * What one replica counted in one tick. Names stand in `names` once; everything else names them by their place there.
 * Plain data: it goes through the store as JSON.
 */
export interface Delta {
  readonly names: readonly string[];
  readonly marks: readonly (readonly [signal: SignalName, reason: string])[];
  /** Kind, name in each dimension, total, and pairs of mark and bad ones. */
  readonly leaves: readonly (readonly number[])[];
  readonly events: readonly (readonly [
    leaf: number,
    mark: number,
    user: number,
    session: number,
    client: number,
    usd: number,
    id: string,
  ])[];
  readonly spent: readonly (readonly [consumer: number, model: number, usd: number])[];
  readonly crowds: readonly (readonly [consumer: number, requests: number, addresses: unknown])[];
  readonly objectives: readonly (readonly [key: string, bad: number, total: number])[];
  /** Of the minute that is over, once a minute: DDSketches as base64 of their protobuf form. */
  readonly times: readonly (readonly [dimension: number, name: number, sketch: string])[];
  /** Absent: a replica of an earlier version has none to tell of. */
  readonly bills?: readonly Bill[];
}

class Table<T> {
  readonly all: T[] = [];
  readonly #places = new Map<string, number>();

  of(key: string, value: T): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    return this.all.push(value) - 1;
  }
}

/** What this replica counted in the tick that is about to end; afterwards nothing of it is left to be told. */
export function takeDelta({ counts, intake, objectives, bills }: Shared): Delta {
  const { dictionary, leaves, own } = counts;
  const names = new Table<string>();
  const marks = new Table<readonly [SignalName, string]>();
  const nameOf = (dimension: number, value: number): number => {
    const name = dictionary.name(dimension, value);
    return names.of(name, name);
  };
  const markOf = (id: number): number => {
    const { signal, reason } = counts.marks.all[id] as { signal: SignalName; reason: string };
    return marks.of(`${signal}:${reason}`, [signal, reason]);
  };
  const told = [...own.totals.keys()].sort(
    (a, b) =>
      Number(own.bad.has(b)) - Number(own.bad.has(a)) || (own.totals.get(b) ?? 0) - (own.totals.get(a) ?? 0),
  );
  const places = new Map<number, number>();
  const rows = told.slice(0, MOST_LEAVES).map((leaf, at) => {
    places.set(leaf, at);
    const row = [leaves.value(leaf, KIND)];
    for (let dimension = 0; dimension < WIDTH; dimension++)
      row.push(nameOf(dimension, leaves.value(leaf, dimension)));
    row.push(own.totals.get(leaf) ?? 0);
    for (const [mark, bad] of own.bad.get(leaf) ?? []) row.push(markOf(mark), bad);
    return row;
  });
  const events = own.events.flatMap(({ leaf, mark, user, session, client, usd, id }) => {
    const at = places.get(leaf);
    return at === undefined ? [] : [[at, markOf(mark), user, session, client, usd, id] as const];
  });
  own.clear();
  const isMinute = counts.tick % MINUTE === MINUTE - 1;
  return {
    names: names.all,
    marks: marks.all,
    leaves: rows,
    events,
    spent: [...intake.spending.all()].flatMap(({ consumer, model, own: usd }) =>
      usd > 0 ? [[nameOf(CONSUMER, consumer), nameOf(MODEL, model), usd] as const] : [],
    ),
    crowds: [...intake.crowds.now].flatMap(([consumer, { own: requests, addresses }]) =>
      requests > 0 ? [[nameOf(CONSUMER, consumer), requests, addresses.state] as const] : [],
    ),
    objectives: objectives.all.flatMap((objective) => {
      const { bad, total } = objective.takeOwn();
      return total > 0 ? [[keyOf(objective), bad, total] as const] : [];
    }),
    times: isMinute
      ? [...intake.latencies.all()].flatMap(([dimension, value, { own: sketch }]) =>
          sketch.count > 0
            ? [
                [
                  dimension,
                  nameOf(dimension, value),
                  Buffer.from(sketch.toProto()).toString('base64'),
                ] as const,
              ]
            : [],
        )
      : [],
    bills: bills.takeOwn(),
  };
}

/** Counts what another replica has counted, as of now. */
export function mergeDelta({ counts, intake, objectives, bills }: Shared, delta: Delta): void {
  const { dictionary } = counts;
  const name = (at: number): string => delta.names[at] ?? '';
  const consumerOf = (at: number): number => dictionary.of(CONSUMER, name(at));
  // A later version may have signals that this one does not know.
  const marks = delta.marks.map(([signal, reason]) =>
    signal in SIGNALS ? counts.marks.of(signal, reason, counts.tick) : undefined,
  );
  counts.foreign(() => {
    const key = new Uint16Array(KEY);
    const leaves = delta.leaves.map((row) => {
      for (let dimension = 0; dimension < WIDTH; dimension++)
        key[dimension] = dictionary.of(dimension, name(row[1 + dimension] as number));
      key[KIND] = row[0] as number;
      const leaf = counts.signal(key, row[1 + WIDTH]);
      for (let at = 2 + WIDTH; at < row.length; at += 2) {
        const mark = marks[row[at] as number];
        if (mark) counts.bad(leaf, mark, '', row[at + 1]);
      }
      return leaf;
    });
    for (const [at, markAt, user, session, client, usd, id] of delta.events) {
      const leaf = leaves[at];
      const mark = marks[markAt];
      if (leaf === undefined || !mark) continue;
      counts.event({ leaf, mark: mark.id, tick: counts.tick, user, session, client, usd, id });
      intake.onBad(leaf, mark, { user, session, usd });
    }
  });
  for (const bill of delta.bills ?? []) bills.take(counts, bill, false);
  for (const [consumer, model, usd] of delta.spent)
    intake.spending.add(consumerOf(consumer), dictionary.of(MODEL, name(model)), usd, true);
  for (const [consumer, requests, addresses] of delta.crowds)
    intake.crowds.merge(consumerOf(consumer), requests, HyperLogLog.of(addresses));
  const byKey = new Map(objectives.all.map((objective) => [keyOf(objective), objective]));
  for (const [of, bad, total] of delta.objectives) byKey.get(of)?.add(bad, total);
  for (const [dimension, at, sketch] of delta.times)
    intake.latencies.merge(
      dimension,
      dictionary.of(dimension, name(at)),
      DDSketch.fromProto(Buffer.from(sketch, 'base64')),
    );
}

const keyOf = ({ setting: { name, kind, overMs } }: Objective): string => `${name} ${kind} ${overMs}`;
