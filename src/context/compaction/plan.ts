import { cutsOf } from '../cuts.ts';
import { type RecallSettings, recallRoom } from '../prompt/recall-room.ts';
import type { SpokenTurn } from '../turn.ts';

/** `trigger` is from where on to compact, `target` down to what. */
export interface CompactionSettings extends RecallSettings {
  readonly target: number;
  /** Turns that stay as they were said, where the target has room for them. */
  readonly verbatimTurns: number;
}

/** Tokens of a prompt, by part. */
export interface PromptSizes {
  /** What a prompt may have: the model's window less its output and the tools. */
  readonly capacity: number;
  /** The client's own system texts. */
  readonly system: number;
  /** The summary that is in the prompt now; 0 = none. */
  readonly summary: number;
  /** What was recalled into the last one. */
  readonly recalled: number;
}

export type Plan =
  | { readonly kind: 'not_due' | 'no_gain' }
  | {
      readonly kind: 'due';
      /** The turns that will be covered are those before it, among the turns that were given. */
      readonly cut: number;
      /** Tokens that the new summary may have. */
      readonly room: number;
    };

/** A compaction that would take away less is not worth a summary, and would be due again at once. */
const LEAST_GAIN = 0.25;
/** Share of the target that the summary may have. */
const SUMMARY_SHARE = 1 / 3;

/**
 * Whether the turns that follow the last summary have grown too long, and where to cut them: between turns, never
 * between a call and its results.
 *
 * @param turns of the path, those that no summary covers
 */
export function planCompaction(
  turns: readonly SpokenTurn[],
  settings: CompactionSettings,
  { capacity, system, summary, recalled }: PromptSizes,
): Plan {
  const { trigger, target, recall, verbatimTurns } = settings;
  const before = turns.reduce((sum, { tokens }) => sum + tokens, system + summary);
  // In a short prompt more is recalled than the config's share: that takes the place of turns.
  const beyondShare = Math.max(0, recalled - recall * capacity);
  if (before + beyondShare <= trigger * capacity) return { kind: 'not_due' };
  const goal = target * capacity;
  const room = Math.floor(goal * SUMMARY_SHARE);
  // What is recalled comes on top of it in each prompt, and counts.
  const forTail = goal - recallRoom(settings, capacity) - system - room;
  const tailFrom = suffixSums(turns);
  const gainOf = (cut: number): number => (before - system - room - (tailFrom[cut] as number)) / before;
  const cuts = cutsOf(turns).flatMap((isFree, at) => (isFree && at > 0 ? [at] : []));
  const fitting = cuts.find((cut) => (tailFrom[cut] as number) <= forTail) ?? cuts.at(-1);
  if (fitting === undefined) return { kind: 'no_gain' };
  // The turns that shall stay do so even where the target has no room for them, if there is a gain all the same.
  const staying = cuts.findLast((cut) => turns.length - cut >= verbatimTurns);
  const cut = staying !== undefined && staying < fitting && gainOf(staying) >= LEAST_GAIN ? staying : fitting;
  return gainOf(cut) >= LEAST_GAIN ? { kind: 'due', cut, room } : { kind: 'no_gain' };
}

/** Tokens of the turns from each on. */
function suffixSums(turns: readonly SpokenTurn[]): number[] {
  const sums = turns.map(() => 0);
  let sum = 0;
  for (let at = turns.length - 1; at >= 0; at--) sums[at] = sum += (turns[at] as SpokenTurn).tokens;
  return sums;
}
