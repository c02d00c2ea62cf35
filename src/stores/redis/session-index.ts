import { LRUCache } from 'lru-cache';
import type {
  SessionHead,
  SessionListed,
  SessionListing,
  SessionPlace,
  SessionRef,
  Sessions,
} from '../../contracts/session.ts';
import { checkLimit } from '../check.ts';
import { checkSession } from '../check-session.ts';
import type { Lane } from './lane.ts';

/** Sessions, and users of those that belong to nobody, of which this process knows that they are in their indexes. */
const INDEXED_MOST = 10_000;

/** How far Redis' clock may be before ours, in milliseconds. */
const CLOCKS_APART_MS = 1000;

/** By what sessions are found: of each tenant and of each user a sorted set of names, by when they began. */
export class SessionIndex {
  readonly #lane: Lane;
  readonly #indexed = new LRUCache<string, true>({ max: INDEXED_MOST });
  /** What began before may be in no index any more. Milliseconds since the epoch. */
  #doubtedBefore = Date.now();

  constructor(lane: Lane) {
    this.#lane = lane;
    // Another Redis may be behind the next connection, that has not heard of them.
    lane.onConnection(() => {
      this.#indexed.clear();
      this.#doubtedBefore = Date.now() + CLOCKS_APART_MS;
    });
  }

  /**
   * Found by tenant and by user for as long as anything is known of it.
   * @param how `NX`: what is found already stays where it is
   * @returns whether it was not found before
   */
  async put(
    { tenant, session }: SessionRef,
    owner: string,
    at: number,
    maxAgeMs: number,
    how?: 'NX',
  ): Promise<boolean> {
    const indexes = owner === '' ? [allOf(tenant)] : [allOf(tenant), userOf(tenant, owner)];
    const added = await this.#lane.make((client) =>
      Promise.all(
        indexes.map(async (index) => {
          const [isNew] = await Promise.all([
            how === 'NX' ? client.zadd(index, how, at, session) : client.zadd(index, at, session),
            // When the last session's tombstone is gone at the latest. To GT what has no end ends never: hence NX before it.
            client.pexpire(index, 3 * maxAgeMs, 'NX'),
            client.pexpire(index, 3 * maxAgeMs, 'GT'),
          ]);
          return Number(isNew) === 1;
        }),
      ),
    );
    return added.every((isNew) => isNew);
  }

  /** Who speaks in a session that belongs to nobody finds it by their name too. */
  async putUser(ref: SessionRef, head: SessionHead, user: string, maxAgeMs: number): Promise<void> {
    const known = nameOf(ref, head, user);
    if (this.#indexed.has(known)) return;
    await this.put(ref, user, head.createdAt, maxAgeMs);
    this.#indexed.set(known, true);
  }

  /**
   * Puts one there again that began before the connection of today: what it was found by may lie on another master, which a
   * failover took back by a moment. Nobody waits for it: where it fails whoever speaks in it next does the same.
   */
  putAgain(ref: SessionRef, head: SessionHead, maxAgeMs: number): void {
    const known = nameOf(ref, head, head.owner);
    if (head.createdAt >= this.#doubtedBefore || this.#indexed.has(known)) return;
    this.#indexed.set(known, true);
    this.put(ref, head.owner, head.createdAt, maxAgeMs, 'NX').catch(() => this.#indexed.delete(known));
  }

  /**
   * As `Sessions.list`.
   * @param headOf undefined: nothing is known of it any more
   */
  async list(
    tenant: string,
    { owner, after, limit }: Parameters<Sessions['list']>[1],
    headOf: (session: string) => Promise<SessionHead | undefined>,
  ): Promise<SessionListing> {
    checkSession({ tenant, session: 'any' });
    const index = owner === undefined ? allOf(tenant) : userOf(tenant, owner);
    const count = checkLimit(limit);
    const sessions: SessionListed[] = [];
    let rank = after === undefined ? 0 : await this.#rankBehind(index, after);
    for (;;) {
      const from = rank;
      const wanted = count - sessions.length;
      const found = await this.#lane.make((client) =>
        client.zrevrange(index, from, from + wanted, 'WITHSCORES'),
      );
      const names = found.filter((_, at) => at % 2 === 0);
      const page = names.slice(0, wanted);
      const heads = await Promise.all(page.map(headOf));
      const gone = page.flatMap((session, at) => (heads[at] ? [] : [session, found[2 * at + 1] as string]));
      for (const [at, session] of page.entries()) {
        const head = heads[at];
        // An id that begins another life may be somebody else's.
        const isTheirs = owner === undefined || head?.owner === owner;
        const listedAt = Number(found[2 * at + 1]);
        const hasSpoken = head?.owner === '' && listedAt === head.createdAt;
        if (head && (isTheirs || hasSpoken)) sessions.push({ session, listedAt, head });
      }
      // Of those nothing is known any more, not even that they ended.
      if (gone.length > 0) await this.#lane.make((client) => client.hypercareSessionUnlist(index, ...gone));
      rank += page.length - gone.length / 2;
      if (names.length <= wanted) return { sessions, next: undefined };
      if (sessions.length === count) return { sessions, next: sessions.at(-1) };
    }
  }

  /** How many stand before what follows a place: where that stood may be nothing any more, or it stands elsewhere. */
  async #rankBehind(index: string, { listedAt, session }: SessionPlace): Promise<number> {
    const [newer, beside] = await this.#lane.make((client) =>
      Promise.all([
        client.zcount(index, `(${listedAt}`, '+inf'),
        client.zrangebyscore(index, listedAt, listedAt),
      ]),
    );
    const name = Buffer.from(session);
    // Redis orders those of one moment by the bytes of their names.
    return newer + beside.filter((each) => Buffer.compare(Buffer.from(each), name) >= 0).length;
  }
}

const nameOf = ({ tenant, session }: SessionRef, { generation }: SessionHead, user: string): string =>
  `${generation} ${user} ${tenant.length} ${tenant}${session}`;
const allOf = (tenant: string): string => `hypercare:c:{${encodeURIComponent(tenant)}}:all`;
const userOf = (tenant: string, owner: string): string =>
  `hypercare:c:{${encodeURIComponent(tenant)}}:u:${owner}`;
