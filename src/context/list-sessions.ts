import type { SessionHead, SessionListed, SessionPlace, Sessions } from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
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

/**
 * Whether a session is still theirs for whom it was listed: an id may have been begun anew since, by somebody else. Of one of
 * nobody in particular they have spoken in the life that was listed.
 */
export const isStillTheirs = (listed: SessionHead, now: SessionHead): boolean =>
  now.generation === listed.generation || (listed.owner !== '' && now.owner === listed.owner);

/** Looked at for one page. Of a state that hardly any session is in, a page may have fewer than it should, and a `next`. */
export const LOOKED_AT_MOST = 1000;
/** Looked at at a time: a thousand take Redis 100 to 170 ms, and it has 50. */
const AT_A_TIME = 100;

/** Where a page begins: in which of several lists, and behind which of its sessions. */
interface Place {
  readonly list: number;
  readonly after: SessionPlace | undefined;
}

/**
 * A page of a consumer's sessions, newest first; of those of an end user, by every digest that the user may stand by, those
 * of one digest newest first. A page is full where there are that many, however many others lie between them.
 * @param page `after`: what the page before gave as `next`; `most`: so many are looked at, and at most the rest of a part more
 * @throws GatewayError `request_invalid` where `after` is none; StoreUnavailable, SealBroken
 */
export async function listSessions(
  { sessions, privacy }: ListingPorts,
  { tenant, user, state }: SessionsAsked,
  page: { readonly after?: string | undefined; readonly limit: number; readonly most?: number },
): Promise<SessionPage> {
  const { most = LOOKED_AT_MOST } = page;
  const owners = user === undefined ? [undefined] : ownersOf(await privacy.of(tenant), tenant, user);
  const found: (SessionFound & { readonly list: number })[] = [];
  let { list, after } = placeOf(page.after);
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
      const next = last && cursorOf({ list: last.list, after: last });
      return { sessions: kept, next, looked };
    }
    after = part.next;
    if (after === undefined) list++;
  }
  const next = list < owners.length ? cursorOf({ list, after }) : undefined;
  return { sessions: found, next, looked };
}

/** Only a session's id may have anything in it: it comes last. */
const cursorOf = ({ list, after }: Place): string =>
  after ? `${list} ${after.listedAt} ${after.session}` : `${list}`;

function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { list: 0, after: undefined };
  const [all, list, listedAt, session = ''] = /^(\d{1,3})(?: (\d{1,15}) (.+))?$/s.exec(cursor) ?? [];
  if (all === undefined) throw new GatewayError('request_invalid', { param: '/after' });
  const after = listedAt === undefined ? undefined : { session, listedAt: Number(listedAt) };
  return { list: Number(list), after };
}
