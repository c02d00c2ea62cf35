import type { Message } from '../contracts/model-request.ts';

/** A turn as prompts and measures see it: what was said, opened. It is `StoredTurn` without what only the store needs. */
export interface SpokenTurn {
  readonly id: string;
  /** Its place in the order of commits; along a path it only grows. */
  readonly version: number;
  /** When it was committed: milliseconds since the epoch. */
  readonly at: number;
  /** The client's messages of this turn, and the answer last. */
  readonly messages: readonly Message[];
  /** About how many, by `prompt/tokens.ts`. */
  readonly tokens: number;
  /** All of it a client says to have been said, put in by hand or in a log of its own: the gateway has seen no model say it. */
  readonly isPutIn?: true;
}

/** The frozen summary of an epoch: it stands for the turns of the path up to `covered`, and for nothing else. */
export interface Summary {
  /** From 1, one more with each. */
  readonly epoch: number;
  /** Version of the last turn that it covers, and its id: of a path without it this is no summary. */
  readonly covered: number;
  readonly coveredTurn: string;
  readonly text: string;
  /** About how many. */
  readonly tokens: number;
}
