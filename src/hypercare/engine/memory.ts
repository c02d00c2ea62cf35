import { gunzipSync, gzipSync } from 'node:zlib';
import { DDSketch } from '@datadog/sketches-js';
import type { HourOfWeek } from '../signals/hour-of-week.ts';
import { SIGNALS, type SignalName } from '../signals/marks.ts';
import type { Shared } from './delta.ts';
import type { History } from './history.ts';
import type { ObjectiveMemory, TimesMemory, TrackState } from './remembered.ts';

/** Of another form nothing is taken. */
const FORM = 2;
/** Series that are remembered: those that were busy last. */
const MOST_SERIES = 20_000;

/** What an engine knows that took it long to learn: what is usual, how objectives stand, and what was when. */
interface Memory {
  readonly form: typeof FORM;
  readonly tick: number;
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly tickMs: number;
  readonly names: readonly (readonly string[])[];
  readonly marks: readonly (readonly [SignalName, string])[];
  /** Dimension, value, kind, base, ticks of the base, and six numbers a mark. */
  readonly series: readonly (readonly number[])[];
  readonly objectives: readonly (readonly [key: string, ObjectiveMemory])[];
  readonly times: readonly (readonly [dimension: number, value: number, TimesMemory])[];
  readonly hours: HourOfWeek['state'];
  readonly history: readonly TrackState[];
}

const PER_MARK = 6;
const HEAD = 5;

/** @returns base64 of gzipped JSON: it goes to another thread, and to the store */
export function remember(
  { counts, intake, objectives }: Shared,
  history: History,
  { now, tickMs }: { now: number; tickMs: number },
): string {
  const busy = [...counts.series.values()].sort((a, b) => b.lastTick - a.lastTick).slice(0, MOST_SERIES);
  const memory: Memory = {
    form: FORM,
    tick: counts.tick,
    at: now,
    tickMs,
    names: counts.dictionary.all,
    marks: counts.marks.all.map(({ signal, reason }) => [signal, reason]),
    series: busy.map(({ dimension, value, kind, base, baseTicks, marks }) => [
      dimension,
      value,
      kind,
      base,
      baseTicks,
      ...[...marks].flatMap(([id, mark]) => [
        id,
        mark.base,
        mark.baseTotal,
        mark.anchoredBad,
        mark.anchoredTotal,
        mark.dispersion,
      ]),
    ]),
    objectives: objectives.all.map((each) => [JSON.stringify(each.setting), each.memory]),
    times: [...intake.latencies.all()].flatMap(([dimension, value, times]) =>
      times.memory ? [[dimension, value, times.memory] as const] : [],
    ),
    hours: counts.hours.state,
    history: history.state,
  };
  return gzipSync(JSON.stringify(memory)).toString('base64');
}

/**
 * Gives an engine that has seen nothing yet what another one remembered. What can't be read is left: it is learnt anew.
 * @returns the tick that it is now; undefined: nothing was taken
 */
export function recall(
  { counts, intake, objectives }: Shared,
  history: History,
  { text, now, tickMs }: { text: string; now: number; tickMs: number },
): number | undefined {
  const memory = read(text);
  if (memory?.form !== FORM || memory.tickMs !== tickMs || memory.at > now) return undefined;
  counts.dictionary.restore(memory.names);
  // A mark that this version has not keeps its place, so that the others keep theirs.
  for (const [signal, reason] of memory.marks)
    counts.marks.of(
      signal in SIGNALS ? signal : 'client',
      signal in SIGNALS ? reason : `${signal} ${reason}`,
    );
  counts.tick = memory.tick + Math.max(1, Math.round((now - memory.at) / tickMs));
  for (const row of memory.series) {
    const [dimension = 0, value = 0, kind = 0, base = 0, baseTicks = 0] = row;
    const series = counts.makeSeries(dimension, value, kind);
    Object.assign(series, { base, baseTicks, lastTick: counts.tick });
    for (let at = HEAD; at < row.length; at += PER_MARK) {
      const [id = 0, own = 0, baseTotal = 0, anchoredBad = 0, anchoredTotal = 0, dispersion = 1] = row.slice(
        at,
        at + PER_MARK,
      );
      Object.assign(series.mark(id), { base: own, baseTotal, anchoredBad, anchoredTotal, dispersion });
    }
  }
  const byKey = new Map(memory.objectives);
  for (const objective of objectives.all) {
    const known = byKey.get(JSON.stringify(objective.setting));
    if (known) objective.recall(known);
  }
  for (const [dimension, value, known] of memory.times)
    intake.latencies.recall(dimension, value, known, DDSketch.fromProto(Buffer.from(known.usual, 'base64')));
  counts.hours.restore(memory.hours);
  history.restore(memory.history);
  return counts.tick;
}

function read(text: string): Memory | undefined {
  try {
    return JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()) as Memory;
  } catch {
    return undefined;
  }
}
