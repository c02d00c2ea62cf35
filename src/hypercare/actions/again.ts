import { type Action, type Finding, isInForce, withAction } from '../findings/finding.ts';
import { noted } from '../findings/life.ts';

/** In the history of a finding: an action could not be taken back. */
export const REVERT_FAILED = 'revert failed';
/** What can't be taken back is tried again after this, and after twice as long each time: for four hours. */
const RETRY_MS = 60_000;
const MOST_TRIES = 9;

/**
 * After an action could not be taken back: what was changed by others meanwhile is theirs; all else is tried again, ever more
 * rarely, until nobody believes in it.
 *
 * @param at milliseconds since the epoch
 * @returns undefined: the action is not in force any more
 */
export function triedAgain(known: Finding, n: number, at: number, isTheirs: boolean): Finding | undefined {
  const found = known.actions.find((action) => action.n === n && isInForce(action));
  if (!found?.applied) return undefined;
  const { title, applied } = found;
  const tries = known.history.filter((each) => each.what === REVERT_FAILED && each.at >= applied.at).length;
  const isLast = isTheirs || tries >= MOST_TRIES;
  const endsAt = at + RETRY_MS * 2 ** Math.max(0, tries - 1);
  if (!isLast) return withAction(known, n, (action) => ({ ...action, applied: { ...applied, endsAt } }));
  const note = `${title}: it does not end by itself any more`;
  return noted(withAction(known, n, leftToPeople), { at, by: 'gateway', what: 'action stays', note });
}

/** Nobody is asked to take it back any more, and it does not end by itself. */
export function leftToPeople(action: Action): Action {
  if (!action.applied) return action;
  const { undo: _, ...applied } = action.applied;
  return { ...action, applied: { ...applied, endsAt: null } };
}
