import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type {
  CommitOptions,
  Committed,
  Reserved,
  ReserveOptions,
  SessionHead,
  SessionListed,
  SessionRef,
  Sessions,
  SessionView,
  StoredSummary,
  StoredTurn,
} from '../../contracts/session.ts';
import { StoreUnavailable } from '../../contracts/store.ts';
import { checkLimit } from '../check.ts';
import { checkSession } from '../check-session.ts';
import { metaText, turnOf } from '../session-text.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';

/** When what was written counts as stored. */
export interface Safety {
  /** How many replicas must have it. */
  readonly replicas: number;
  readonly withinMs: number;
}

/** Users of sessions that belong to nobody, of which this process knows that they are in their index. */
const INDEXED_MOST = 10_000;

/** Conversations that every replica shares; each step is one script (see `session-scripts.ts`). */
export class RedisSessions implements Sessions {
  readonly #client: RedisClient;
  readonly #calls: Calls;
  readonly #safety: Safety;
  readonly #indexed = new LRUCache<string, true>({ max: INDEXED_MOST });

  constructor(client: RedisClient, calls: Calls, safety: Safety = { replicas: 0, withinMs: 0 }) {
    this.#client = client;
    this.#calls = calls;
    this.#safety = safety;
  }

  /**
   * Waits until so many replicas have what this connection wrote. Not in one round trip with the write: that may have to be
   * sent again as a whole script, behind it.
   * @throws StoreUnavailable: it is written, and a failover may lose it; sent again it is known by its id
   */
  async #replicated(): Promise<void> {
    const { replicas, withinMs } = this.#safety;
    if (replicas === 0 || !(this.#client instanceof Redis)) return;
    const client = this.#client;
    const have = await this.#calls.make(() => client.wait(replicas, Math.max(1, Math.floor(withinMs / 2))));
    if (have < replicas)
      throw new StoreUnavailable(`${have} of ${replicas} replicas have it within ${withinMs / 2} ms`);
  }

  async reserve(ref: SessionRef, options: ReserveOptions): Promise<Reserved> {
    const keys = keysOf(ref);
    const { turn, owner, key, exclusive, ifVersion, seenVersion, create, known } = options;
    const answer = await this.#calls.make(() =>
      this.#client.hypercareSessionReserve(
        ...keys,
        turn,
        owner,
        key,
        exclusive ? 1 : 0,
        ifVersion ?? '',
        seenVersion ?? '',
        create ? 1 : 0,
        known?.generation ?? '',
        known?.edits ?? '',
        known?.version ?? 0,
        options.leaseMs,
        options.ttlMs,
        options.maxAgeMs,
        (options.formerOwners ?? []).join(' '),
      ),
    );
    const reserved = reservedOf(answer);
    // Before anything can be said in it: what a user has to be able to have erased must be found. Again where nothing was said
    // yet: who began it may have been cut off in between.
    if (reserved.kind !== 'reserved') return reserved;
    const { head } = reserved;
    if (head.version === 0) await this.#index(ref, head.owner, head.createdAt, options.maxAgeMs);
    if (head.owner === '' && owner !== '') await this.#indexUser(ref, head, owner, options.maxAgeMs);
    return reserved;
  }

  /** Who speaks in a session that belongs to nobody finds it by their name too. */
  async #indexUser(
    ref: SessionRef,
    { generation, createdAt }: SessionHead,
    user: string,
    maxAgeMs: number,
  ): Promise<void> {
    const known = `${generation} ${user} ${ref.tenant.length} ${ref.tenant}${ref.session}`;
    if (this.#indexed.has(known)) return;
    await this.#index(ref, user, createdAt, maxAgeMs);
    this.#indexed.set(known, true);
  }

  async commit(ref: SessionRef, options: CommitOptions): Promise<Committed> {
    const keys = keysOf(ref);
    const { turn } = options;
    const [kind, version, stale, repeated] = await this.#calls.make(() =>
      this.#client.hypercareSessionCommit(
        ...keys,
        turn.id,
        options.key,
        options.fence,
        options.generation,
        options.base,
        options.mode,
        options.parent,
        options.hash,
        options.count,
        turn.digests.length,
        turn.tokens,
        turn.opens ? 1 : 0,
        turn.resolves,
        turn.status,
        options.ttlMs,
        metaText(turn),
        turn.content,
        turn.supersedes === '' ? 0 : 1,
        options.edits ?? '',
      ),
    );
    if (kind === 'committed') await this.#replicated();
    if (kind === 'gone') return { kind };
    if (kind === 'conflict') return { kind, version: Number(version) };
    return {
      kind: 'committed',
      version: Number(version),
      staleBase: stale === '1',
      repeated: repeated === '1',
    };
  }

  async renew(ref: SessionRef, turn: string, key: string, leaseMs: number): Promise<boolean> {
    const keys = keysOf(ref);
    return (
      (await this.#calls.make(() => this.#client.hypercareSessionRenew(...keys, turn, key, leaseMs))) === 1
    );
  }

  async release(ref: SessionRef, turn: string, key: string): Promise<void> {
    const keys = keysOf(ref);
    await this.#calls.make(() => this.#client.hypercareSessionRelease(...keys, turn, key));
  }

  async read(
    ref: SessionRef,
    options: { after?: number; limit?: number } = {},
  ): Promise<SessionView | undefined> {
    const keys = keysOf(ref);
    const limit = checkLimit(options.limit ?? 1000);
    const [head, summary, turns] = await this.#calls.make(() =>
      this.#client.hypercareSessionRead(...keys, options.after ?? 0, limit),
    );
    if (!head) return undefined;
    return { head: headOf(head), summary: summaryOf(summary ?? ''), turns: (turns ?? []).map(turnIn) };
  }

  async create(
    ref: SessionRef,
    {
      owner,
      metadata,
      ttlMs,
      maxAgeMs,
    }: { owner: string; metadata: string; ttlMs: number; maxAgeMs: number },
  ): Promise<boolean> {
    const keys = keysOf(ref);
    await this.#index(ref, owner, Date.now(), maxAgeMs);
    const made = await this.#calls.make(() =>
      this.#client.hypercareSessionCreate(...keys, owner, metadata, ttlMs, maxAgeMs),
    );
    if (made === 1) await this.#replicated();
    return made === 1;
  }

  async describe(ref: SessionRef, metadata: string): Promise<boolean> {
    const keys = keysOf(ref);
    const done = await this.#calls.make(() => this.#client.hypercareSessionDescribe(...keys, metadata));
    if (done === 1) await this.#replicated();
    return done === 1;
  }

  async summarize(
    ref: SessionRef,
    expected: { generation: number; edits: number; epoch: number; covered: number },
    summary: StoredSummary,
  ): Promise<boolean> {
    const keys = keysOf(ref);
    const { generation, edits, epoch, covered } = expected;
    const done = await this.#calls.make(() =>
      this.#client.hypercareSessionSummarize(
        ...keys,
        generation,
        edits,
        epoch,
        covered,
        summary.epoch,
        summary.covered,
        summary.coveredTurn,
        JSON.stringify(summary),
      ),
    );
    return done === 1;
  }

  async lease(ref: SessionRef, work: string, holder: string, leaseMs: number): Promise<boolean> {
    const keys = keysOf(ref);
    return (
      (await this.#calls.make(() => this.#client.hypercareSessionLease(...keys, work, holder, leaseMs))) === 1
    );
  }

  async unlease(ref: SessionRef, work: string, holder: string): Promise<void> {
    const keys = keysOf(ref);
    await this.#calls.make(() => this.#client.hypercareSessionUnlease(...keys, work, holder));
  }

  async redact(ref: SessionRef, version: number, was: string, turn: StoredTurn): Promise<boolean> {
    const keys = keysOf(ref);
    const { version: _, at: __, parent: ___, staleBase: ____, hash: _____, ...draft } = turn;
    const done = await this.#calls.make(() =>
      this.#client.hypercareSessionRedact(...keys, version, was, metaText(draft), turn.content),
    );
    if (done === 1) await this.#replicated();
    return done === 1;
  }

  async erase(ref: SessionRef, generation?: number): Promise<boolean> {
    const keys = keysOf(ref);
    const erased = await this.#calls.make(() =>
      this.#client.hypercareSessionErase(...keys, generation ?? ''),
    );
    await this.#replicated();
    return erased === 1;
  }

  async list(
    tenant: string,
    { owner, after, limit }: { owner?: string | undefined; after?: string | undefined; limit: number },
  ): Promise<{ sessions: readonly SessionListed[]; next: string | undefined }> {
    checkSession({ tenant, session: 'any' });
    const index = owner === undefined ? allOf(tenant) : userOf(tenant, owner);
    const count = checkLimit(limit);
    const sessions: SessionListed[] = [];
    let rank = 0;
    if (after !== undefined) {
      const last = await this.#calls.make(() => this.#client.zrevrank(index, after));
      if (last === null) return { sessions, next: undefined };
      rank = last + 1;
    }
    for (;;) {
      const from = rank;
      const wanted = count - sessions.length;
      const found = await this.#calls.make(() =>
        this.#client.zrevrange(index, from, from + wanted, 'WITHSCORES'),
      );
      const names = found.filter((_, at) => at % 2 === 0);
      const page = names.slice(0, wanted);
      const heads = await Promise.all(page.map((session) => this.read({ tenant, session }, { limit: 0 })));
      const gone = page.filter((_, at) => heads[at] === undefined);
      for (const [at, session] of page.entries()) {
        const head = heads[at]?.head;
        // An id that begins another life may be somebody else's.
        const isTheirs = owner === undefined || head?.owner === owner;
        const hasSpoken = head?.owner === '' && Number(found[2 * at + 1]) === head.createdAt;
        if (head && (isTheirs || hasSpoken)) sessions.push({ session, head });
      }
      // Of those nothing is known any more, not even that they ended.
      if (gone.length > 0) await this.#calls.make(() => this.#client.zrem(index, ...gone));
      rank += page.length - gone.length;
      if (names.length <= wanted) return { sessions, next: undefined };
      if (sessions.length === count) return { sessions, next: sessions.at(-1)?.session };
    }
  }

  /** Found by tenant and by user for as long as anything is known of it. */
  async #index({ tenant, session }: SessionRef, owner: string, at: number, maxAgeMs: number): Promise<void> {
    const indexes = owner === '' ? [allOf(tenant)] : [allOf(tenant), userOf(tenant, owner)];
    await this.#calls.make(() =>
      Promise.all(
        indexes.flatMap((index) => [
          this.#client.zadd(index, at, session),
          // At the latest when the newest session's tombstone is gone.
          this.#client.pexpire(index, 3 * maxAgeMs),
        ]),
      ),
    );
  }
}

function keysOf(ref: SessionRef): [string, string, string, string, string] {
  checkSession(ref);
  // Encoded, because a brace or a colon in them would end the tag, or make two names one.
  const tag = `hypercare:c:{${encodeURIComponent(ref.tenant)}:${encodeURIComponent(ref.session)}}`;
  return [`${tag}:m`, `${tag}:t`, `${tag}:s`, `${tag}:i`, `${tag}:l`];
}
const allOf = (tenant: string): string => `hypercare:c:{${encodeURIComponent(tenant)}}:all`;
const userOf = (tenant: string, owner: string): string =>
  `hypercare:c:{${encodeURIComponent(tenant)}}:u:${owner}`;

function headOf(head: readonly string[]): SessionHead {
  const [version, generation, edits, last, hash, count, epoch, covered, tokens, owner, created, touched] =
    head;
  return {
    version: Number(version),
    generation: Number(generation),
    edits: Number(edits),
    head: last ?? '',
    hash: hash ?? '',
    count: Number(count),
    epoch: Number(epoch),
    covered: Number(covered),
    tokens: Number(tokens),
    owner: owner ?? '',
    createdAt: Number(created),
    touchedAt: Number(touched),
    state: head[12] as SessionHead['state'],
    metadata: head[13] ?? '',
  };
}

const summaryOf = (text: string): StoredSummary | undefined =>
  text === '' ? undefined : (JSON.parse(text) as StoredSummary);

function turnIn(text: string): StoredTurn {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const [version, at, stale, id = '', parent = '', hash = ''] = text.slice(0, first).split(' ');
  return turnOf(
    { version: Number(version), at: Number(at), staleBase: stale === '1', id, parent, hash },
    text.slice(first + 1, second),
    text.slice(second + 1),
  );
}

function reservedOf(answer: readonly unknown[]): Reserved {
  switch (answer[0]) {
    case 'replay':
      return { kind: 'replay', head: headOf(answer[1] as string[]), turn: turnIn(answer[2] as string) };
    case 'running':
    case 'locked':
      return { kind: answer[0], version: Number(answer[1]), retryAfterMs: Number(answer[2]) };
    case 'version':
      return { kind: 'version', version: Number(answer[1]) };
    case 'reserved': {
      const [, head, fence, isNew, reset, summary, from, turns, pending] = answer;
      return {
        kind: 'reserved',
        head: headOf(head as string[]),
        fence: Number(fence),
        isNew: isNew === '1',
        reset: reset as '',
        summary: summaryOf(summary as string),
        from: Number(from),
        turns: (turns as string[]).map(turnIn),
        pending: Number(pending),
      };
    }
    default:
      return { kind: 'unknown' };
  }
}
