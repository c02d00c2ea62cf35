import { createHash } from 'node:crypto';
import type { Documents } from '../../contracts/store.ts';
import { randomHex } from '../../lib/request-id.ts';
import { Mirror } from '../mirror.ts';
import type { Report } from './report.ts';

const COLLECTION = 'feedback';
/** Ids of reports that nobody has looked at, with what is needed for that and is not kept. */
const INBOX = 'feedback-inbox';
const FOLDS = 'feedback-folds';
/** The same said again within this is one report. */
const FOLD_MS = 60 * 60 * 1000;
const INBOX_MS = 7 * 24 * 60 * 60 * 1000;
/** In memory for lists, 1 kB each. */
const MOST = 10_000;
const MAX_RACES = 20;

/** What the leader needs for linking and what is forgotten after it. */
export interface InboxEntry {
  readonly report: string;
  readonly session: string;
}

export interface ReportBookPorts {
  /** How long a report is kept from when it was made, whatever becomes of it; milliseconds. */
  keepMs(): number;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
}

/** Reports in the store that all replicas share. All calls fail with StoreUnavailable. */
export class ReportBook {
  readonly #documents: Documents;
  readonly #ports: ReportBookPorts;
  readonly #mirror: Mirror<Report>;

  constructor(documents: Documents, ports: ReportBookPorts) {
    this.#documents = documents;
    this.#ports = ports;
    this.#mirror = new Mirror(documents, COLLECTION, { most: MOST, pick: (report) => report });
  }

  /**
   * Keeps a report, or counts it where the same person has said the same within an hour.
   * @returns the report that stands for it, and whether it is new
   */
  async add(report: Report, session: string): Promise<{ report: Report; isNew: boolean }> {
    const key = foldOf(report);
    const held = await this.#documents.get<{ id: string }>(FOLDS, key);
    const same =
      held &&
      (await this.change(held.value.id, (known) => ({
        ...known,
        count: known.count + 1,
        lastAt: report.at,
      })));
    if (same) return { report: same, isNew: false };
    await this.#documents.put(COLLECTION, report.id, report, { ttlMs: this.#left(report) });
    await this.#documents.put(FOLDS, key, { id: report.id }, { ttlMs: FOLD_MS });
    const entry: InboxEntry = { report: report.id, session };
    await this.#documents.put(INBOX, report.id, entry, { ttlMs: INBOX_MS });
    return { report, isNew: true };
  }

  async get(id: string): Promise<Report | undefined> {
    return (await this.#documents.get<Report>(COLLECTION, id))?.value;
  }

  async change(id: string, change: (report: Report) => Report): Promise<Report | undefined> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const found = await this.#documents.get<Report>(COLLECTION, id);
      if (!found) return undefined;
      const now = change(found.value);
      const ttlMs = this.#left(found.value);
      const put = await this.#documents.put(COLLECTION, id, now, { ifVersion: found.version, ttlMs });
      if (put.ok) return now;
    }
    throw new Error(`too many change the report ${id} at once`);
  }

  /** Milliseconds that it is kept for yet. */
  #left({ at }: Report): number {
    return Math.max(1, Math.ceil(at + this.#ports.keepMs() - this.#ports.now()));
  }

  /** The newest first, at most 10,000. */
  all(): Promise<readonly Report[]> {
    return this.#mirror.all();
  }

  /** Those that nobody has looked at, oldest first. */
  async inbox(limit: number): Promise<InboxEntry[]> {
    return (await this.#documents.list<InboxEntry>(INBOX, { limit })).map(({ value }) => value);
  }

  async done(report: string): Promise<void> {
    await this.#documents.delete(INBOX, report);
  }
}

/** Sorts by time; its end can't be guessed, as who knows it may ask what became of the report. */
export const newReportId = (at: number): string => `R${at.toString(36).padStart(9, '0')}-${randomHex(12)}`;

function foldOf({ author, comment, score, scoreKind, page, external, about }: Report): string {
  const said = comment.toLowerCase().replace(/\s+/g, ' ').trim();
  const whole = JSON.stringify([author, said, score, scoreKind, page, external?.id, about]);
  return createHash('sha256').update(whole).digest('hex');
}
