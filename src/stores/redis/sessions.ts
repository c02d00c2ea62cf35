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
import { checkLimit } from '../check.ts';
import { checkSession } from '../check-session.ts';
import { metaText, turnOf } from '../session-text.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';
import type { Replication } from './replication.ts';

/** Users of sessions that belong to nobody, of which this process knows that they are in their index. */
const INDEXED_MOST = 10_000;

/** Conversations that every replica shares; each step is one script (see `session-scripts.ts`). */
export class RedisSessions implements Sessions {
  readonly #client: RedisClient;
  readonly #calls: Calls;
  readonly #replication: Replication | undefined;
  readonly #indexed = new LRUCache<string, true>({ max: INDEXED_MOST });

  /** @param replication where replicas must have what is acknowledged */
  constructor(client: RedisClient, calls: Calls, replication?: Replication) {
    this.#client = client;
    this.#calls = calls;
    this.#replication = replication;
    // Another Redis may be behind the next connection, that has not heard of them.
    for (const event of ['ready', '-node']) client.on(event, () => this.#indexed.clear());
  }

  /** Makes a write; one that was done waits until replicas have it. */
  async #write<T>(write: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
    const replication = this.#replication;
    const connection = replication?.connection ?? 0;
    const answer = await this.#calls.make(write);
    if (replication && isDone(answer)) await replication.reached(connection);
    return answer;
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
        known?.epoch ?? 0,
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
    const write = () =>
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
        options.exact ? 1 : 0,
        options.inPlaceOf ?? '',
      );
    const [kind, version, stale, repeated] = await this.#write(write, ([done]) => done === 'committed');
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
    const write = () => this.#client.hypercareSessionCreate(...keys, owner, metadata, ttlMs, maxAgeMs);
    return (await this.#write(write, isOne)) === 1;
  }

  async describe(ref: SessionRef, metadata: string): Promise<boolean> {
    const keys = keysOf(ref);
    const write = () => this.#client.hypercareSessionDescribe(...keys, metadata);
    return (await this.#write(write, isOne)) === 1;
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
    const write = () =>
      this.#client.hypercareSessionRedact(...keys, version, was, metaText(draft), turn.content);
    return (await this.#write(write, isOne)) === 1;
  }

  async erase(ref: SessionRef, generation?: number): Promise<boolean> {
    const keys = keysOf(ref);
    const write = () => this.#client.hypercareSessionErase(...keys, generation ?? '');
    // Also where nothing was left: somebody may have erased it before, and not have heard that replicas know.
    return (await this.#write(write, () => true)) === 1;
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
      const gone = page.flatMap((session, at) => (heads[at] ? [] : [session, found[2 * at + 1] as string]));
      for (const [at, session] of page.entries()) {
        const head = heads[at]?.head;
        // An id that begins another life may be somebody else's.
        const isTheirs = owner === undefined || head?.owner === owner;
        const hasSpoken = head?.owner === '' && Number(found[2 * at + 1]) === head.createdAt;
        if (head && (isTheirs || hasSpoken)) sessions.push({ session, head });
      }
      // Of those nothing is known any more, not even that they ended.
      if (gone.length > 0) await this.#calls.make(() => this.#client.hypercareSessionUnlist(index, ...gone));
      rank += page.length - gone.length / 2;
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
          // When the last session's tombstone is gone at the latest. To GT what has no end ends never: hence NX before it.
          this.#client.pexpire(index, 3 * maxAgeMs, 'NX'),
          this.#client.pexpire(index, 3 * maxAgeMs, 'GT'),
        ]),
      ),
    );
  }
}

const isOne = (answer: number): boolean => answer === 1;

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
