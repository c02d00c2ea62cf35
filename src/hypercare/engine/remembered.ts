import type { BadAndTotal } from '../../contracts/signal.ts';

/** What is remembered of an objective. */
export interface ObjectiveMemory {
  readonly minutes: readonly BadAndTotal[];
  readonly hours: readonly BadAndTotal[];
  /** The one that runs. */
  readonly hour: BadAndTotal;
  readonly ticks: number;
}

/** What is remembered of the times of one value of one dimension. */
export interface TimesMemory {
  /** DDSketch as base64 of its protobuf form. */
  readonly usual: string;
  readonly anchored: number;
  readonly age: number;
}

/** A track's steps as plain data: what, then step and count by turns, of minutes, of hours and of ticks (older ones: none). */
export type TrackState = readonly [
  what: string,
  minutes: readonly number[],
  hours: readonly number[],
  ticks?: readonly number[],
];
