import type { Dimension } from '../../contracts/signal.ts';

/** The dimensions in the order in which their numbers stand in a record. */
export const DIMENSIONS: readonly Dimension[] = [
  'route',
  'upstream',
  'target',
  'provider',
  'model',
  'version',
  'prompt',
  'promptVersion',
  'consumer',
  'region',
  'app',
  'revision',
  'release',
];
export const WIDTH = DIMENSIONS.length;

/** Spaces of names beside the dimensions', numbered after them. */
export const SPACE = {
  reason: WIDTH,
  outcome: WIDTH + 1,
  breach: WIDTH + 2,
  key: WIDTH + 3,
  path: WIDTH + 4,
  language: WIDTH + 5,
  tool: WIDTH + 6,
};
export const SPACES = WIDTH + 7;

/** Where a whole number stands in a record; the dimensions' come first, in their order. */
export const INT = {
  /** Milliseconds after the batch's beginning. */
  at: WIDTH,
  user: WIDTH + 1,
  session: WIDTH + 2,
  client: WIDTH + 3,
  /** Hash of what makes two calls the same call: who, whom, what. */
  call: WIDTH + 4,
  status: WIDTH + 5,
  reason: WIDTH + 6,
  outcome: WIDTH + 7,
  flags: WIDTH + 8,
  breach: WIDTH + 9,
  key: WIDTH + 10,
  /** Target and reason of the first attempt that failed; 0: none did. */
  failedTarget: WIDTH + 11,
  failedReason: WIDTH + 12,
  /** Its upstream; of a call to a model its provider. */
  failedUpstream: WIDTH + 13,
  /** Why a conversation did not go on as it should, among the reasons: `ok` if it did; 0: there is none. */
  context: WIDTH + 14,
  /** What a model was asked in; 0: nobody looked. */
  language: WIDTH + 15,
  /** The tool that a model's answer calls; 0: none. */
  tool: WIDTH + 16,
} as const;
export const INTS = WIDTH + 17;

/** Where a fraction stands in a record. -1: not known. */
export const REAL = {
  latency: 0,
  firstToken: 1,
  tokensIn: 2,
  tokensOut: 3,
  usd: 4,
  cacheAge: 5,
  confidence: 6,
  bytesOut: 7,
} as const;
export const REALS = 8;

export const FLAG = {
  isModel: 1,
  fellBack: 2,
  breakerOpen: 4,
  cacheHit: 8,
  cacheStale: 16,
  breachIsAnswer: 32,
  clientLeft: 64,
  retried: 128,
  /** No request: what the cache gave was held against what its origin says now. */
  isCheck: 256,
  /** The origin says something else. */
  outdated: 512,
  /** A fallback stood by while the request failed, and why: `Exchange.unusedFallback`. */
  unusedForStatus: 1024,
  unusedNotRepeatable: 2048,
  unusedUnable: 4096,
} as const;

/** A name and its number, told once, before the first record that holds it. */
export type NewName = readonly [space: number, number: number, name: string];

/** Records on their way to the engine. The arrays share one buffer, so that they change hands as one. */
export interface SignalBatch {
  readonly buffer: ArrayBuffer;
  readonly count: number;
  /** Wall clock to which the records' times add, milliseconds since the epoch. */
  readonly base: number;
  /** Ids of the requests, joined by line breaks. */
  readonly ids: string;
  readonly names: readonly NewName[];
}

/** Records a batch holds. */
export const BATCH = 1024;
export const BATCH_BYTES = BATCH * (INTS + REALS) * 4;

export const intsOf = (buffer: ArrayBuffer): Int32Array => new Int32Array(buffer, 0, BATCH * INTS);
export const realsOf = (buffer: ArrayBuffer): Float32Array =>
  new Float32Array(buffer, BATCH * INTS * 4, BATCH * REALS);
