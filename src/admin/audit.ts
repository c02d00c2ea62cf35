import { setImmediate as turn } from 'node:timers/promises';
import type { Documents } from '../contracts/store.ts';
import { randomHex } from '../lib/request-id.ts';
import type { LogSink } from '../telemetry/logger.ts';

/** One change that was asked for through the admin API, granted or not. */
export interface AuditEntry {
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Name of the token. */
  by: string;
  /** Address of who sent it. */
  from: string;
  /** What was asked for: the operation's name in the API's description. */
  action: string;
  method: string;
  path: string;
  status: number;
  /** `ok`, or a code of the error table. */
  outcome: string;
  /** What it was about (a revision's number, a target), without any secret. */
  details: Record<string, string | number | boolean>;
  requestId: string;
}

const COLLECTION = 'audit';
/** Long enough for whoever audits once a year. */
const KEPT_MS = 400 * 24 * 60 * 60 * 1000;
/** Entries remembered while the store is down. */
const MAX_UNSTORED = 1000;
/** Entries that are looked through for what is about one thing, and those between which requests get a turn: some 2 ms. */
const MOST_LOOKED_AT = 10_000;
const PAGE = 200;
const LATEST = 10 ** 15;
const MOST = 10 ** 6;

/**
 * Who changed what, when and from where: append-only, in the store that all replicas share, and in the log, like requests
 * whatever its level but `silent`.
 */
export class Audit {
  readonly #documents: Documents;
  readonly #log: LogSink;
  readonly #now: () => number;
  /** Made while the store was down, oldest first. */
  #unstored: AuditEntry[] = [];
  #count = 0;

  constructor(documents: Documents, log: LogSink, now: () => number = Date.now) {
    this.#documents = documents;
    this.#log = log;
    this.#now = now;
  }

  /** Resolves once the entry is durable, or remembered because the store is down. Never fails. */
  async record(change: Omit<AuditEntry, 'id' | 'at'>): Promise<void> {
    const at = this.#now();
    const entry = { id: this.#nextId(at), at, ...change };
    this.#say(entry);
    this.#unstored.push(entry);
    if (this.#unstored.length > MAX_UNSTORED) this.#unstored.shift();
    try {
      await this.flush();
    } catch (error) {
      this.#log.logger.error(
        { err: error },
        'the audit log can not be written; its entries are kept in memory',
      );
    }
  }

  #say(audit: AuditEntry): void {
    if (this.#log.logger.level === 'silent') return;
    const time = new Date(audit.at).toISOString();
    this.#log.writeLine(JSON.stringify({ time, level: 'info', msg: 'admin change', audit }));
  }

  /** Puts what was remembered into the store. @throws StoreUnavailable */
  async flush(): Promise<void> {
    for (const entry of [...this.#unstored]) {
      await this.#documents.put(COLLECTION, entry.id, entry, { ifVersion: 0, ttlMs: KEPT_MS });
      this.#unstored = this.#unstored.filter((each) => each !== entry);
    }
  }

  /** Newest first, after the entry `after`. @throws StoreUnavailable */
  async list(limit: number, after?: string): Promise<AuditEntry[]> {
    const stored = await this.#documents.list<AuditEntry>(COLLECTION, { limit, after });
    return stored.map(({ value }) => value);
  }

  /**
   * Entries that are about something, newest first, after the entry `after`: at most `limit` among the newest 10,000.
   * @param about details that an entry must have @throws StoreUnavailable
   */
  async about(about: AuditEntry['details'], limit: number, after?: string): Promise<AuditEntry[]> {
    const wanted = Object.entries(about);
    const found: AuditEntry[] = [];
    let last = after;
    for (let looked = 0; looked < MOST_LOOKED_AT && found.length < limit; looked += PAGE) {
      const page = await this.list(PAGE, last);
      found.push(...page.filter(({ details }) => wanted.every(([name, value]) => details[name] === value)));
      last = page.at(-1)?.id;
      if (page.length < PAGE) break;
      await turn();
    }
    return found.slice(0, limit);
  }

  /** Sorts the newest first, which is the order in which the store lists. */
  #nextId(at: number): string {
    this.#count = (this.#count + 1) % MOST;
    const inverted = [LATEST - 1 - at, MOST - 1 - this.#count].map((part, i) =>
      String(part).padStart(i === 0 ? 15 : 6, '0'),
    );
    return `${inverted.join('-')}-${randomHex(4)}`;
  }
}
