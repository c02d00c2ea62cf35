/**
 * Tokens of recalled passages in which a question mostly finds what it needs, however long the conversation is:
 * `npm run bench -- context-recall`.
 */
const USUAL_NEED = 2000;
/** Of what a prompt may have before it is compacted: the summary and the last turns need the rest. */
const MOST_SHARE = 2 / 3;

/** Shares of the capacity, as `context.compaction` has them. */
export interface RecallSettings {
  /** 0 = nothing is recalled. */
  readonly recall: number;
  readonly trigger: number;
}

/**
 * Tokens of a prompt that what is recalled may have at most: the share that the config gives it. A tenth of a short prompt is a sentence
 * or two, and what a question needs does not shrink with the window: there it is as much as that, at the cost of the turns
 * that stay as they were said.
 */
export const recallRoom = ({ recall, trigger }: RecallSettings, capacity: number): number =>
  recall === 0 ? 0 : Math.max(recall * capacity, Math.min(USUAL_NEED, MOST_SHARE * trigger * capacity));
