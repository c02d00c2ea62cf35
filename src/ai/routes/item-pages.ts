import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { GoneItem, TurnItem } from '../memory/turn-items.ts';

type Item = Pick<TurnItem, 'id' | 'shown' | 'sealed'>;

/** What is given out beside what everybody gets; both ways in which clients write a list. */
export interface IncludeAsked {
  readonly include?: string | readonly string[];
  readonly 'include[]'?: string | readonly string[];
}

const SEALED = 'reasoning.encrypted_content';

/** An item as it was asked for: what a model thought with its seal, or without. */
export function shownAs({ shown, sealed }: Item, asked: IncludeAsked): JsonObject {
  if (sealed === undefined) return shown;
  const isAsked = [asked.include ?? [], asked['include[]'] ?? []].flat().includes(SEALED);
  return isAsked ? { ...shown, encrypted_content: sealed } : shown;
}

export type Order = 'asc' | 'desc';

/** How OpenAI's lists are paged. */
export interface PageAsked extends IncludeAsked {
  readonly limit?: string;
  readonly after?: string;
  readonly order?: string;
}

const MOST = 100;

/** Items that are at hand, in the order in which they were said, as they are asked for. */
export const inOrder =
  <T>(items: readonly T[]) =>
  (order: Order): readonly T[] =>
    order === 'asc' ? items : items.toReversed();

/**
 * A page of items, newest first unless asked otherwise.
 * @param itemsBy in that order: no more of them are asked for than the page shows, what comes before it, and one that follows.
 * Those that were deleted are not shown; a page may begin behind one
 * @throws GatewayError `body_invalid` for a limit, an order or an id that is none
 */
export async function pageOf(
  itemsBy: (order: Order) => Iterable<Item | GoneItem> | AsyncIterable<Item | GoneItem>,
  asked: PageAsked,
): Promise<JsonObject> {
  const { limit = '20', after, order = 'desc' } = asked;
  const most = /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (most < 1 || most > MOST) throw refused('limit', `limit must be a number from 1 to ${MOST}.`);
  if (order !== 'asc' && order !== 'desc') throw refused('order', 'order must be asc or desc.');
  const page: Item[] = [];
  let hasBegun = after === undefined;
  for await (const item of itemsBy(order)) {
    if (!hasBegun) hasBegun = item.id === after;
    else if (!('isGone' in item)) page.push(item);
    if (page.length > most) break;
  }
  if (!hasBegun) throw refused('after', 'after must be the id of an item of this list.');
  const hasMore = page.length > most;
  if (hasMore) page.pop();
  return {
    object: 'list',
    data: page.map((item) => shownAs(item, asked)),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

const refused = (param: string, detail: string): GatewayError =>
  new GatewayError('body_invalid', { param, detail });
