/** One of several processes that carry the same traffic. */
export interface Share {
  /** From 0 on, and no other's at the same time. */
  readonly place: number;
  readonly of: number;
}

/**
 * What one of several may let in, so that all of them together let in `max`. At least 1, since the connections that the
 * kernel has given to one stay with it: with fewer than there are processes they let in one each.
 */
export const shareOf = (max: number, { place, of }: Share): number =>
  Math.max(1, Math.floor(max / of) + (place < max % of ? 1 : 0));
