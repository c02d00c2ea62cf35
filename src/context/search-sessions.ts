import { GatewayError } from '../errors/gateway-error.ts';
import {
  type ListingPorts,
  LOOKED_AT_MOST,
  listSessions,
  type SessionPage,
  type SessionsAsked,
} from './list-sessions.ts';

/** Names of which the store knows nothing any more it lets go so many at a time. */
const FEW = 20;
/** Consumers that are asked for on one page: each is a question to the store, also where it has no session. */
const CONSUMERS_MOST = 100;

/**
 * A page of the sessions of several consumers: one consumer after the other by their names, of each as `listSessions` has
 * them. It may have fewer than `limit`, and a `next`, where many had to be looked at.
 * @param tenants all that there are: which of them have sessions no store needs to know. Between pages some may come and go.
 * @param page `after`: what the page before gave as `next`
 * @throws GatewayError `request_invalid` where `after` is none; StoreUnavailable, SealBroken
 */
export async function searchSessions(
  ports: ListingPorts,
  tenants: Iterable<string>,
  asked: Omit<SessionsAsked, 'tenant'>,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<SessionPage> {
  const place = placeOf(after);
  const left = [...new Set(tenants)].sort().filter((tenant) => tenant >= place.tenant);
  const sessions: SessionPage['sessions'][number][] = [];
  let looked = 0;
  for (const [at, tenant] of left.entries()) {
    const isOver = sessions.length === limit || looked >= LOOKED_AT_MOST || at === CONSUMERS_MOST;
    if (isOver) return { sessions, next: cursorOf({ tenant, after: undefined }), looked };
    const from = tenant === place.tenant ? place.after : undefined;
    // To know by what somebody stands there a consumer without any conversation would be given a key.
    if (asked.user !== undefined && !(await hasAny(ports, tenant))) continue;
    const page = { after: from, limit: limit - sessions.length, most: LOOKED_AT_MOST - looked };
    const part = await listSessions(ports, { ...asked, tenant }, page);
    sessions.push(...part.sessions);
    looked += part.looked;
    if (part.next !== undefined) return { sessions, next: cursorOf({ tenant, after: part.next }), looked };
  }
  return { sessions, next: undefined, looked };
}

async function hasAny({ sessions }: ListingPorts, tenant: string): Promise<boolean> {
  return (await sessions.list(tenant, { limit: FEW })).sessions.length > 0;
}

/** Where a page begins: with which consumer, and where in its list; undefined = at its beginning. */
interface Place {
  readonly tenant: string;
  readonly after: string | undefined;
}

const cursorOf = ({ tenant, after = '' }: Place): string => `${tenant.length}:${tenant}${after}`;

function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { tenant: '', after: undefined };
  const [, length, rest = ''] = /^(\d{1,3}):(.*)$/s.exec(cursor) ?? [];
  if (length === undefined || rest.length < Number(length))
    throw new GatewayError('request_invalid', { param: '/after' });
  return { tenant: rest.slice(0, Number(length)), after: rest.slice(Number(length)) || undefined };
}
