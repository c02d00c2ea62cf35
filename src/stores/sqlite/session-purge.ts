import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionStatements } from './session-rows.ts';

/** How far a purge came: sessions are gone through in the order in which they end. */
export interface Purged {
  readonly at: number;
  readonly key: number;
}

const PURGED_NONE: Purged = { at: -1, key: 0 };

/**
 * Sessions that one step of a purge looks at, of them those that it empties or forgets, and bytes of what was said in these, so that
 * it holds up neither the event loop nor others who want to write. Most that ended are empty, and known for as long as they lasted.
 */
const PURGE_SEEN = 1000;
const PURGE_BATCH = 100;
const PURGE_BYTES = 4 * 1024 * 1024;
/** What a turn counts at the least, in bytes: of the shortest a step takes a thousand. */
const TURN_BYTES = 4096;

/** A session that ended; `is_over`: long ago. */
interface Ended extends Purged {
  readonly is_over: 0 | 1;
  readonly is_full: 0 | 1;
  /** Their bytes. */
  readonly summaries: number;
}

const SQL = {
  ended: `SELECT key, ends_at AS at, ends_at + kept_ms <= ?3 AS is_over,
      metadata <> '' OR EXISTS (SELECT 1 FROM turns WHERE turns.key = sessions.key) AS is_full,
      (SELECT total(octet_length(summary)) FROM session_summaries WHERE session_summaries.key = sessions.key) AS summaries
    FROM sessions WHERE (ends_at, key) > (?1, ?2) AND ends_at <= ?3 ORDER BY ends_at, key LIMIT ${PURGE_SEEN}`,
  sizes: `SELECT version, octet_length(content) AS bytes FROM turns WHERE key = ? ORDER BY version
    LIMIT ${PURGE_BYTES / TURN_BYTES + 1}`,
  forgetFirst: 'DELETE FROM turns WHERE key = ? AND version <= ?',
} as const;

/** Lets go of what ended. */
export class SessionPurge {
  readonly #sql: SessionStatements;
  readonly #run: Readonly<Record<keyof typeof SQL, StatementSync>>;

  constructor(database: DatabaseSync, sql: SessionStatements) {
    this.#sql = sql;
    this.#run = {
      ended: database.prepare(SQL.ended),
      sizes: database.prepare(SQL.sizes),
      forgetFirst: database.prepare(SQL.forgetFirst),
    };
  }

  /**
   * Empties sessions that ended, and forgets those that ended long ago: a step of that.
   * @param from how far the step before came; undefined: this is the first
   * @returns how far it came; undefined: there are no more
   */
  step(now: number, from: Purged = PURGED_NONE): Purged | undefined {
    const ended = this.#run.ended.all(from.at, from.key, now) as unknown as Ended[];
    let left = PURGE_BYTES;
    let taken = 0;
    let to = from;
    for (const { key, at, is_over: isOver, is_full: isFull, summaries } of ended) {
      if (isOver || isFull) {
        const bytes = left > 0 && taken++ < PURGE_BATCH ? this.#shortened(key, left) : undefined;
        if (bytes === undefined) return to;
        left -= bytes + summaries;
        if (isOver) this.#sql.forget(key);
        else {
          this.#sql.empty(key);
          this.#sql.run.describe.run('', key);
        }
      }
      to = { at, key };
    }
    return ended.length === PURGE_SEEN ? to : undefined;
  }

  /**
   * Of a session with more than so many bytes the first turns go. Never all of them: by those that it has it is found again.
   * @param most above 0
   * @returns bytes of all its turns, if they may go together; undefined: some went, and there are more
   */
  #shortened(key: number, most: number): number | undefined {
    const turns = this.#run.sizes.all(key);
    let bytes = 0;
    for (const [at, turn] of turns.entries()) {
      if (bytes >= most) {
        this.#run.forgetFirst.run(key, Number(turns[at - 1]?.version));
        return undefined;
      }
      bytes += Math.max(TURN_BYTES, Number(turn.bytes));
    }
    return bytes;
  }
}
