import { LRUCache } from 'lru-cache';
import type {
  CommitOptions,
  Committed,
  ReadOptions,
  Reserved,
  ReserveOptions,
  SessionListing,
  SessionRef,
  Sessions,
  SessionView,
  StoredSummary,
  StoredTurn,
} from '../../contracts/session.ts';
import { checkLimit } from '../check.ts';
import { checkSession } from '../check-session.ts';
import { metaText } from '../session-text.ts';
import type { RedisClient } from './client.ts';
import type { Lane } from './lane.ts';
import type { Replication } from './replication.ts';
import { committedOf, headOf, reservedOf, summaryOf, turnIn, turnsIn } from './session-answers.ts';
import { SessionIndex } from './session-index.ts';

/** What is longer goes by the connection for what is large, in bytes: 100 Mbit/s carry it in 5 ms. */
const LARGE = 64 * 1024;
/** Sessions of which this process knows that they are long to read. */
const LONG_MOST = 10_000;

/** Conversations that every replica shares; each step is one script (see `session-scripts.ts`). */
export class RedisSessions implements Sessions {
  readonly #lane: Lane;
  readonly #large: Lane;
  readonly #replication: Replication | undefined;
  readonly #index: SessionIndex;
  /** Bytes that an answer will have, by the key that is read, where they are many. */
  readonly #lengths = new LRUCache<string, number>({ max: LONG_MOST });

  /** @param replication where replicas must have what is acknowledged */
  constructor({ talk, large }: { talk: Lane; large: Lane }, replication?: Replication) {
    this.#lane = talk;
    this.#large = large;
    this.#replication = replication;
    this.#index = new SessionIndex(talk);
  }

  /**
   * Makes a write; one that was done waits until replicas have it.
   * @param large bytes that it carries or is about, if they are many
   */
  async #write<T>(
    write: (client: RedisClient) => Promise<T>,
    isDone: (answer: T) => boolean,
    large = 0,
  ): Promise<T> {
    const replication = this.#replication;
    const connection = replication?.connection ?? 0;
    const answer = await (large > 0 ? this.#large : this.#lane).make(write, large);
    if (replication && isDone(answer)) await replication.reached(connection, large);
    return answer;
  }

  /**
   * Reads turns. Redis needs some 5 ms for each megabyte before the first of it comes: an answer that was too late is known
   * when it is there, and who asks again is given the time.
   */
  #read<T>(
    key: string,
    read: (client: RedisClient) => Promise<T>,
    turnsIn: (answer: T) => readonly string[],
  ): Promise<T> {
    return this.#lane.make(async (client) => {
      const answer = await read(client);
      const bytes = largeBytes(turnsIn(answer));
      if (bytes > 0) this.#lengths.set(key, bytes);
      else this.#lengths.delete(key);
      return answer;
    }, this.#lengths.get(key));
  }

  async reserve(ref: SessionRef, options: ReserveOptions): Promise<Reserved> {
    const keys = keysOf(ref);
    const { turn, owner, key, exclusive, ifVersion, seenVersion, create, known } = options;
    const ask = (client: RedisClient) =>
      client.hypercareSessionReserve(
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
      );
    const reserved = reservedOf(await this.#read(keys[0], ask, turnsIn));
    // Before anything can be said in it: what a user has to be able to have erased must be found. Again where nothing was said
    // yet: who began it may have been cut off in between.
    if (reserved.kind !== 'reserved') return reserved;
    const { head } = reserved;
    if (head.version === 0) await this.#index.put(ref, head.owner, head.createdAt, options.maxAgeMs);
    else this.#index.putAgain(ref, head, options.maxAgeMs);
    if (head.owner === '' && owner !== '') await this.#index.putUser(ref, head, owner, options.maxAgeMs);
    return reserved;
  }

  async commit(ref: SessionRef, options: CommitOptions): Promise<Committed> {
    const keys = keysOf(ref);
    const { turn } = options;
    const large = largeBytes([turn.content]);
    // The next turn reads it.
    if (large > 0 && !options.isRepeat) this.#lengths.set(keys[0], large + (this.#lengths.get(keys[0]) ?? 0));
    if (options.isRepeat && large > 0) {
      // Behind the bytes that may still be on their way there.
      const ask = (client: RedisClient) =>
        client.hypercareSessionCommitted(...keys, turn.id, options.generation);
      const there = await this.#write(ask, isCommitted, large);
      if (there.length > 0) return committedOf(there);
    }
    const write = (client: RedisClient) =>
      client.hypercareSessionCommit(
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
        options.goesOn ? 1 : 0,
      );
    return committedOf(await this.#write(write, isCommitted, large));
  }

  async renew(ref: SessionRef, turn: string, key: string, leaseMs: number, ttlMs: number): Promise<boolean> {
    const keys = keysOf(ref);
    const renewed = await this.#lane.make((client) =>
      client.hypercareSessionRenew(...keys, turn, key, leaseMs, ttlMs),
    );
    return renewed === 1;
  }

  async release(ref: SessionRef, turn: string, key: string): Promise<void> {
    const keys = keysOf(ref);
    await this.#lane.make((client) => client.hypercareSessionRelease(...keys, turn, key));
  }

  async read(ref: SessionRef, options: ReadOptions = {}): Promise<SessionView | undefined> {
    const keys = keysOf(ref);
    const { after = 0, owner, turn = '', fromTurn = false, bare = false } = options;
    const limit = checkLimit(options.limit ?? 1000);
    const isAnyones = owner === undefined ? 1 : 0;
    const ask = (client: RedisClient) =>
      client.hypercareSessionRead(
        ...keys,
        after,
        limit,
        isAnyones,
        owner ?? '',
        turn,
        bare ? 1 : 0,
        fromTurn ? 1 : 0,
      );
    const [head, summary, turns] = await this.#read(
      `${keys[1]} ${fromTurn || after} ${limit} ${turn} ${bare}`,
      ask,
      ([, , all]) => all ?? [],
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
    // Before it is there, as above; but an id that is taken stays where it is.
    const isNew = await this.#index.put(ref, owner, Date.now(), maxAgeMs, 'NX');
    const write = (client: RedisClient) =>
      client.hypercareSessionCreate(...keys, owner, metadata, ttlMs, maxAgeMs);
    const createdAt = await this.#write(write, (at) => at > 0);
    if (createdAt > 0 && !isNew) await this.#index.put(ref, owner, createdAt, maxAgeMs);
    return createdAt > 0;
  }

  async describe(ref: SessionRef, metadata: string): Promise<boolean> {
    const keys = keysOf(ref);
    const write = (client: RedisClient) => client.hypercareSessionDescribe(...keys, metadata);
    return (await this.#write(write, isOne)) === 1;
  }

  async summarize(
    ref: SessionRef,
    expected: { generation: number; edits: number; epoch: number; covered: number },
    summary: StoredSummary,
  ): Promise<boolean> {
    const keys = keysOf(ref);
    const { generation, edits, epoch, covered } = expected;
    const done = await this.#lane.make((client) =>
      client.hypercareSessionSummarize(
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
      (await this.#lane.make((client) => client.hypercareSessionLease(...keys, work, holder, leaseMs))) === 1
    );
  }

  async unlease(ref: SessionRef, work: string, holder: string): Promise<void> {
    const keys = keysOf(ref);
    await this.#lane.make((client) => client.hypercareSessionUnlease(...keys, work, holder));
  }

  async redact(ref: SessionRef, version: number, was: string, turn: StoredTurn): Promise<boolean> {
    const keys = keysOf(ref);
    const { version: _, at: __, parent: ___, staleBase: ____, hash: _____, ...draft } = turn;
    const write = (client: RedisClient) =>
      client.hypercareSessionRedact(...keys, version, was, metaText(draft), turn.content);
    return (await this.#write(write, isOne, largeBytes([was, turn.content]))) === 1;
  }

  async erase(ref: SessionRef, generation?: number, isNobodys = false): Promise<boolean> {
    const keys = keysOf(ref);
    const write = (client: RedisClient) =>
      client.hypercareSessionErase(...keys, generation ?? '', isNobodys ? 1 : 0);
    // Also where nothing was left: somebody may have erased it before, and not have heard that replicas know.
    return (await this.#write(write, () => true)) === 1;
  }

  list(tenant: string, options: Parameters<Sessions['list']>[1]): Promise<SessionListing> {
    return this.#index.list(tenant, options, async (session) => {
      const view = await this.read({ tenant, session }, { limit: 0 });
      return view?.head;
    });
  }
}

const isOne = (answer: number): boolean => answer === 1;
const isCommitted = ([kind]: readonly string[]): boolean => kind === 'committed';

/** Of all of them, if they are many; else 0. */
function largeBytes(texts: readonly string[]): number {
  let bytes = 0;
  for (const text of texts) bytes += Buffer.byteLength(text);
  return bytes > LARGE ? bytes : 0;
}

function keysOf(ref: SessionRef): [string, string, string, string, string] {
  checkSession(ref);
  // Encoded, because a brace or a colon in them would end the tag, or make two names one.
  const tag = `hypercare:c:{${encodeURIComponent(ref.tenant)}:${encodeURIComponent(ref.session)}}`;
  return [`${tag}:m`, `${tag}:t`, `${tag}:s`, `${tag}:i`, `${tag}:l`];
}
