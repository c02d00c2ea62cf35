import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Documents, type StoredDocument, StoreUnavailable } from '../../contracts/store.ts';

/** A session of 2025-11-25 as all replicas know it. */
export interface SessionRecord {
  /** As configured; '' for all servers together. */
  readonly server: string;
  /** Who opened it. Nobody else can use it. */
  readonly principal: string;
  /** Of `initialize`, so that the session can be opened once more at a server that has forgotten it. */
  readonly initialize: Record<string, unknown>;
  /** Ids at the servers behind it, by name. A server without sessions has none. */
  readonly upstream: Readonly<Record<string, string>>;
  /** Of a session that one replica keeps in its memory: which. */
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly usedAt: number;
}

export interface Session {
  /** What the client shows. */
  readonly id: string;
  /** Under which it is kept and logged: who reads the store can't use the session. */
  readonly digest: string;
  readonly version: number;
  readonly record: SessionRecord;
}

export const SESSIONS = 'mcp/sessions';
/** Sessions remembered for the time that the store is away, and the characters of what their clients said. */
const REMEMBERED = 10_000;
const REMEMBERED_SIZE = 16 * 1024 ** 2;
const SIZE_OF_REST = 1000;
/** Of its life may be over before its end is put off. */
const STALE_SHARE = 0.25;

export const digestOf = (id: string): string => hash('sha256', id, 'base64url');

/** Sessions in the store: any replica can go on with any of them. */
export class SessionStore {
  readonly #documents: Documents;
  readonly #patient: Documents;
  readonly #now: () => number;
  readonly #known = new LRUCache<string, Session>({
    max: REMEMBERED,
    maxSize: REMEMBERED_SIZE,
    sizeCalculation: ({ record }) => SIZE_OF_REST + JSON.stringify(record.initialize).length,
  });

  /**
   * @param patient the same documents, which wait for a store that has just gone
   * @param now wall clock, milliseconds since the epoch
   */
  constructor(documents: Documents, patient: Documents, now: () => number) {
    this.#documents = documents;
    this.#patient = patient;
    this.#now = now;
  }

  /** @throws StoreUnavailable */
  async open(fields: Omit<SessionRecord, 'openedAt' | 'usedAt'>, ttlMs: number): Promise<Session> {
    const id = randomBytes(32).toString('base64url');
    const record = { ...fields, openedAt: this.#now(), usedAt: this.#now() };
    const digest = digestOf(id);
    // Nobody else can have made this id: that it is there already says that the first try came through.
    await this.#patient.put(SESSIONS, digest, record, { ifVersion: 0, ttlMs });
    return this.#remember({ id, digest, version: 1, record });
  }

  /**
   * The session, if it is there and belongs to who asks for it. While the store is away, what this process knows of it.
   * @throws StoreUnavailable if it is away and the session is not known here
   */
  async find(
    id: string,
    owner: { server: string; principal: string },
    ttlMs: number,
  ): Promise<Session | undefined> {
    const digest = digestOf(id);
    let found: Session | undefined;
    // Who knows it goes on with what is known.
    const documents = this.#known.has(digest) ? this.#documents : this.#patient;
    try {
      const stored = await documents.get<SessionRecord>(SESSIONS, digest);
      found = stored && this.#remember({ id, digest, version: stored.version, record: stored.value });
      if (!found) this.#known.delete(digest);
    } catch (error) {
      found = this.#known.get(digest);
      if (!(error instanceof StoreUnavailable) || !found) throw error;
    }
    if (!found) return undefined;
    const { record } = found;
    if (record.server !== owner.server || record.principal !== owner.principal) return undefined;
    return this.#now() - record.usedAt > ttlMs * STALE_SHARE ? this.#touch(found, ttlMs) : found;
  }

  /**
   * Writes a changed record, unless somebody else has written meanwhile: then theirs is what counts.
   * @returns what is there now; undefined: it is over
   * @throws StoreUnavailable
   */
  async change(
    session: Session,
    changed: Partial<SessionRecord>,
    ttlMs: number,
  ): Promise<Session | undefined> {
    const record = { ...session.record, ...changed, usedAt: this.#now() };
    const put = await this.#documents.put(SESSIONS, session.digest, record, {
      ifVersion: session.version,
      ttlMs,
    });
    if (put.ok) return this.#remember({ ...session, version: put.version, record });
    const stored = await this.#documents.get<SessionRecord>(SESSIONS, session.digest);
    return stored && this.#remember({ ...session, version: stored.version, record: stored.value });
  }

  /** @throws StoreUnavailable */
  async close({ digest }: Session): Promise<void> {
    this.#known.delete(digest);
    await this.#documents.delete(SESSIONS, digest);
  }

  /** A page of all sessions, for operators. @throws StoreUnavailable */
  list(options: { after?: string; limit?: number }): Promise<StoredDocument<SessionRecord>[]> {
    return this.#documents.list<SessionRecord>(SESSIONS, options);
  }

  /** Puts its end off. That it could not is no reason to refuse a request. */
  async #touch(session: Session, ttlMs: number): Promise<Session> {
    try {
      return (await this.change(session, {}, ttlMs)) ?? session;
    } catch (error) {
      if (error instanceof StoreUnavailable) return session;
      throw error;
    }
  }

  #remember(session: Session): Session {
    // To weigh it costs something, and most requests find what is known already.
    const known = this.#known.get(session.digest);
    if (known?.version === session.version) return known;
    this.#known.set(session.digest, session);
    return session;
  }
}
