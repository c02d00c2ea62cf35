import { type Static, type TSchema, Type } from 'typebox';
import { GatewayError } from '../errors/gateway-error.ts';

const DEFAULT_LIMIT = 50;

/** The query of every list: how many, and from where on. */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 200, description: `At most this many; default ${DEFAULT_LIMIT}.` }),
    ),
    after: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'What the page before gave as `next`.' }),
    ),
  },
  { additionalProperties: false },
);

/** Where a list of sessions goes on: a session's id and when it began, in which part of an end user's list it stands, and of which consumer. */
export const AfterUserSession = Type.Optional(
  Type.String({ minLength: 1, maxLength: 600, description: 'What the page before gave as `next`.' }),
);

/** The answer of every list. */
export const PageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    next: Type.Optional(
      Type.String({ description: 'Give it as `after` to get what follows; absent at the end.' }),
    ),
  });

export interface Page<T> {
  items: T[];
  next?: string;
}

export const limitOf = (query: Pick<Static<typeof PageQuery>, 'limit'>): number =>
  query.limit ?? DEFAULT_LIMIT;

/**
 * @param found one more than `limit` where there are that many, so that it shows whether more follow
 * @param cursorOf names an item as `after` does
 */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
}

/** A page of a list that is at hand: what follows the item that `after` names, or all of it if that one has gone. */
export function pageAfter<T>(
  all: readonly T[],
  query: Static<typeof PageQuery>,
  cursorOf: (item: T) => string,
): Page<T> {
  const limit = limitOf(query);
  const from = query.after === undefined ? 0 : all.findIndex((item) => cursorOf(item) === query.after) + 1;
  return pageOf(all.slice(from, from + limit + 1), limit, cursorOf);
}

/** How many items the pages before had, where lists are counted through. @throws GatewayError `request_invalid` */
export function offsetOf({ after }: Static<typeof PageQuery>): number {
  const offset = Number(after ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new GatewayError('request_invalid', { param: '/after' });
  return offset;
}
