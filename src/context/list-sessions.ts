import type { SessionHead, SessionListed, Sessions } from '../contracts/session.ts';
import { ownersOf } from './owner.ts';
import type { ContextPrivacy } from './ports.ts';

export interface SessionsAsked {
  readonly tenant: string;
  /** An end user, as the application names them; absent: whoever it is. */
  readonly user?: string | undefined;
  readonly state?: SessionHead['state'] | undefined;
}

/** What sessions are found in. */
export interface ListingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
}

/** A session, with whose it is. */
interface SessionFound extends SessionListed {
  readonly tenant: string;
}

export interface SessionPage {
  readonly sessions: readonly SessionFound[];
  /** Where the page after begins, opaque; undefined at the end. */
  readonly next: string | undefined;
  /** Sessions that were looked at for it. */
  readonly looked: number;
}

/** Looked at for one page. Of a state that hardly any session is in, a page may have fewer than it should, and a `next`. */
export const LOOKED_AT_MOST = 1000;
/** Looked at at a time: a thousand take Redis 100 to 170 ms, and it has 50. */
const AT_A_TIME = 100;

/** Where a page begins: in which of several lists, and behind which of its sessions. */
interface Place {
  readonly list: number;
  readonly after: string | undefined;
}

/**
 * A page of a consumer's sessions, newest first; of those of an end user, by every digest that the user may stand by, those
 * of one digest newest first. A page is full where there are that many, however many others lie between them.
 * @param page `after`: what the page before gave as `next`; `most`: so many are looked at, and at most the rest of a part more
 * @throws StoreUnavailable, SealBroken
 */
export async function listSessions(
  { sessions, privacy }: ListingPorts,
  { tenant, user, state }: SessionsAsked,
  page: { readonly after?: string | undefined; readonly limit: number; readonly most?: number },
): Promise<SessionPage> {
  const { most = LOOKED_AT_MOST } = page;
  const isUsers = user !== undefined;
  const owners = isUsers ? ownersOf(await privacy.of(tenant), tenant, user) : [undefined];
  const found: (SessionFound & { readonly list: number })[] = [];
  let { list, after } = placeOf(page.after, isUsers);
  let looked = 0;
  while (list < owners.length && looked < most) {
    // One more than the page has, so that it shows whether more follow.
    const wanted = page.limit + 1 - found.length;
    const limit = looked === 0 ? wanted : Math.max(wanted, AT_A_TIME);
    const part = await sessions.list(tenant, { owner: owners[list], after, limit });
    looked += part.sessions.length;
    for (const each of part.sessions)
      if (state === undefined || each.head.state === state) found.push({ ...each, tenant, list });
    if (found.length > page.limit) {
      const kept = found.slice(0, page.limit);
      const last = kept.at(-1);
      const next = last && cursorOf({ list: last.list, after: last.session }, isUsers);
      return { sessions: kept, next, looked };
    }
    after = part.next;
    if (after === undefined) list++;
  }
  const next = list < owners.length ? cursorOf({ list, after }, isUsers) : undefined;
  return { sessions: found, next, looked };
}

/** A consumer has one list, and its cursor is a session's id. */
const cursorOf = ({ list, after = '' }: Place, isUsers: boolean): string =>
  isUsers ? `${list} ${after}` : after;

function placeOf(cursor: string | undefined, isUsers: boolean): Place {
  if (!isUsers) return { list: 0, after: cursor };
  const [, list = '0', after = ''] = /^(\d+) (.*)$/s.exec(cursor ?? '') ?? [];
  return { list: Number(list), after: after === '' ? undefined : after };
}
