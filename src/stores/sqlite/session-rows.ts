import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  ReserveOptions,
  ResetCause,
  SessionHead,
  SessionRef,
  StoredTurn,
} from '../../contracts/session.ts';
import { turnOf } from '../session-text.ts';

/** A row of `sessions`. */
export interface Row {
  key: number;
  tenant: string;
  session: string;
  generation: number;
  version: number;
  edits: number;
  head: string;
  hash: string;
  count: number;
  epoch: number;
  covered: number;
  tokens: number;
  owner: string;
  created_at: number;
  touched_at: number;
  ends_at: number;
  /** When its absolute age is over. */
  last_end: number;
  kept_ms: number;
  erased: number;
  metadata: string;
  fence: number;
  exclusive_fence: number;
  holder: string;
  holder_until: number;
  /**
   * Why this life began anew, or that it has lost turns; and its head when that was found out. `o:`, how it had ended, `:` and whose
   * it was: it began in the place of somebody else's, of which nothing is said.
   */
  reset: ResetCause | '';
  reset_head: string;
}

/** How a life of a session begins. */
export interface Beginning {
  readonly owner: string;
  readonly metadata: string;
  readonly ttlMs: number;
  readonly maxAgeMs: number;
  readonly reset: ResetCause | '';
  readonly resetHead?: string;
}

const SQL = {
  find: 'SELECT * FROM sessions WHERE tenant = ? AND session = ?',
  begin: `INSERT INTO sessions VALUES
    (NULL, ?, ?, ?, 0, 0, '', '', 0, 0, 0, 0, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, '', 0, ?, ?)`,
  giveBack: `UPDATE sessions SET owner = ?, erased = ?, ends_at = ?, reset = '', reset_head = '' WHERE key = ?`,
  describe: 'UPDATE sessions SET metadata = ? WHERE key = ?',
  use: 'UPDATE sessions SET fence = ?, touched_at = ?, ends_at = ?, last_end = ? WHERE key = ?',
  lose: `UPDATE sessions SET reset = 'version_regressed', reset_head = CASE WHEN head = '' THEN reset_head ELSE head END
    WHERE key = ?`,
  hold: 'UPDATE sessions SET exclusive_fence = ?, holder = ?, holder_until = ? WHERE key = ?',
  unhold: `UPDATE sessions SET holder = '', holder_until = 0 WHERE key = ? AND holder = ?`,
  advance: `UPDATE sessions SET version = ?, tokens = ?, head = ?, hash = ?, count = ?, touched_at = ?, ends_at = ?
    WHERE key = ? AND version = ?`,
  cover: 'UPDATE sessions SET epoch = ?, covered = ? WHERE key = ?',
  edit: 'UPDATE sessions SET edits = edits + 1 WHERE key = ?',
  uncover: 'UPDATE sessions SET epoch = 0, covered = 0, edits = edits + 1 WHERE key = ?',
  erase: `UPDATE sessions SET erased = 1, version = 0, count = 0, tokens = 0, epoch = 0, covered = 0, head = '', hash = '',
    metadata = '', owner = ?, touched_at = ?, ends_at = ?, holder = '', holder_until = 0, reset = '', reset_head = ''
    WHERE key = ?`,
  append: 'INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  turns: 'SELECT * FROM turns WHERE key = ? AND version > ? ORDER BY version LIMIT ?',
  bareTurns: `SELECT version, id, at, stale, parent, hash, meta, '' AS content FROM turns
    WHERE key = ? AND version > ? ORDER BY version LIMIT ?`,
  turnAt: 'SELECT * FROM turns WHERE key = ? AND version = ?',
  turnBy: 'SELECT version, stale FROM turns WHERE key = ? AND id = ?',
  leadsTo: `WITH RECURSIVE path (id) AS (VALUES (?1) UNION ALL
      SELECT turns.parent FROM path JOIN turns ON turns.key = ?2 AND turns.id = path.id AND turns.version > ?4)
    SELECT 1 FROM path WHERE id = ?3 LIMIT 1`,
  close: 'UPDATE turns SET is_open = 0 WHERE key = ? AND id = ? AND is_open = 1',
  redact: 'UPDATE turns SET meta = ?, content = ? WHERE key = ? AND version = ? AND content = ?',
  summary: 'SELECT summary FROM session_summaries WHERE key = ? AND epoch = ?',
  putSummary: 'INSERT OR REPLACE INTO session_summaries VALUES (?, ?, ?)',
  forgetSummary: 'DELETE FROM session_summaries WHERE key = ? AND epoch <= ?',
  forgetSummaries: 'DELETE FROM session_summaries WHERE key = ?',
  request: 'SELECT turn, version, ends_at FROM session_requests WHERE key = ? AND request = ?',
  putRequest: 'INSERT OR REPLACE INTO session_requests VALUES (?, ?, ?, ?, ?)',
  forgetRequest: 'DELETE FROM session_requests WHERE key = ? AND request = ? AND turn = ? AND version = 0',
  forgetRequests: 'DELETE FROM session_requests WHERE key = ?',
  leaseOf: 'SELECT holder, ends_at FROM session_leases WHERE key = ? AND work = ?',
  putLease: 'INSERT OR REPLACE INTO session_leases VALUES (?, ?, ?, ?)',
  dropLease: 'DELETE FROM session_leases WHERE key = ? AND work = ? AND holder = ?',
  dropLapsed: `DELETE FROM session_leases WHERE key = ? AND work GLOB 'p:*' AND ends_at <= ?`,
  forgetLeases: 'DELETE FROM session_leases WHERE key = ?',
  pending: `SELECT count(*) FILTER (WHERE ends_at > ?2 AND work <> ?3) AS pending, count(*) FILTER (WHERE ends_at <= ?2) AS lapsed
    FROM session_leases WHERE key = ?1 AND work GLOB 'p:*'`,
  announced: `SELECT 1 FROM session_leases WHERE key = ? AND work GLOB 'p:*' LIMIT 1`,
  forgetTurns: 'DELETE FROM turns WHERE key = ?',
  forgetSession: 'DELETE FROM sessions WHERE key = ?',
  list: `SELECT * FROM sessions WHERE tenant = ? AND (created_at, session) < (?, ?)
    ORDER BY created_at DESC, session DESC LIMIT ?`,
  listOf: `SELECT * FROM sessions WHERE key IN (
      SELECT key FROM sessions WHERE tenant = ?1 AND owner = ?2 AND owner <> ''
      UNION SELECT key FROM session_users WHERE user = ?2)
    AND tenant = ?1 AND (created_at, session) < (?3, ?4) ORDER BY created_at DESC, session DESC LIMIT ?5`,
  putUser: 'INSERT OR IGNORE INTO session_users VALUES (?, ?)',
  forgetUsers: 'DELETE FROM session_users WHERE key = ?',
} as const;

/** What is asked of the tables of conversations. */
export class SessionStatements {
  readonly run: Readonly<Record<keyof typeof SQL, StatementSync>>;

  constructor(database: DatabaseSync) {
    this.run = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]),
    ) as Record<keyof typeof SQL, StatementSync>;
  }

  find({ tenant, session }: SessionRef): Row | undefined {
    return this.run.find.get(tenant, session) as unknown as Row | undefined;
  }

  /** @param before what is known of the one in whose place it is */
  begin(
    ref: SessionRef,
    before: Row | undefined,
    { owner, metadata, ttlMs, maxAgeMs, reset, resetHead = '' }: Beginning,
    now: number,
  ): Row {
    const generation = Math.max(now, (before?.generation ?? 0) + 1);
    if (before) this.forget(before.key);
    this.run.begin.run(
      ref.tenant,
      ref.session,
      generation,
      owner,
      now,
      now,
      now + Math.min(ttlMs, maxAgeMs),
      now + maxAgeMs,
      maxAgeMs,
      metadata,
      reset,
      resetHead,
    );
    return this.find(ref) as Row;
  }

  /** @returns its fence: of one that is heard again while it answers alone the same, or it would be in its own way */
  announce(
    row: Row,
    { turn, exclusive }: Pick<ReserveOptions, 'turn' | 'exclusive'>,
    until: number,
    now: number,
  ): number {
    const isHeld = exclusive && row.holder === turn && row.holder_until > now;
    const fence = isHeld ? row.exclusive_fence : row.fence + 1;
    this.use({ ...row, fence: Math.max(row.fence, fence) });
    this.run.putLease.run(row.key, `p:${turn}`, turn, until);
    if (exclusive) this.run.hold.run(fence, turn, until, row.key);
    return fence;
  }

  /** Writes down that it was used, until when it lasts by that, and its fence. */
  use({ key, fence, touched_at: at, ends_at: ends, last_end: last }: Row): void {
    this.run.use.run(fence, at, ends, last, key);
  }

  /** What failed behind a version has said nothing. */
  isAt(row: Row, version: number): boolean {
    if (version >= row.version || row.head === '') return version <= row.version;
    return version >= Number(this.run.turnBy.get(row.key, row.head)?.version);
  }

  /** Whether a turn that the session has is not on the path to its head. */
  hasLeft({ key, head }: Row, turn: string): boolean {
    if (turn === head || turn === '') return false;
    const stored = this.run.turnBy.get(key, turn);
    // Versions only grow along a path.
    return stored !== undefined && !this.run.leadsTo.get(head, key, turn, stored.version as number);
  }

  /** The turn is announced no longer. */
  letGo({ key, holder }: Row, turn: string): void {
    this.run.dropLease.run(key, `p:${turn}`, turn);
    if (holder === turn) this.run.unhold.run(key, turn);
  }

  /**
   * A session that came to nothing: of none before it is anything to be told, and all that were announced in it are given back:
   * who was cut off for longer than a lease still comes. In whose place it began, theirs is as it was.
   */
  forgetUnsaid({ key, version, erased, metadata, reset, reset_head: resetHead }: Row, now: number): void {
    const [, cause, whose] = OTHERS.exec(resetHead) ?? [];
    if (version > 0 || erased === 1 || metadata !== '' || (reset !== '' && whose === undefined)) return;
    if (this.run.announced.get(key)) return;
    if (whose === undefined) this.forget(key);
    else {
      this.empty(key);
      this.run.forgetUsers.run(key);
      this.run.giveBack.run(whose, cause === 'erased' ? 1 : 0, now, key);
    }
  }

  /** All that was said is gone. */
  empty(key: number): void {
    this.run.forgetTurns.run(key);
    this.run.forgetSummaries.run(key);
    this.run.forgetRequests.run(key);
    this.run.forgetLeases.run(key);
  }

  forget(key: number): void {
    this.empty(key);
    this.run.forgetUsers.run(key);
    this.run.forgetSession.run(key);
  }
}

const OTHERS = /^o:(\w+):(.*)$/;

/** How a life of a session has ended. */
export const endOf = ({ erased }: Row): ResetCause => (erased === 1 ? 'erased' : 'ttl');

/** What one that begins in its place, and is somebody else's, has for a `reset_head`. */
export const inPlaceOf = (ended: Row): string => `o:${endOf(ended)}:${ended.owner}`;

export function headOf(row: Row, now: number): SessionHead {
  const ended = row.ends_at <= now ? 'expired' : 'active';
  const state = row.erased === 1 ? 'erased' : ended;
  return {
    version: row.version,
    generation: row.generation,
    edits: row.edits,
    head: row.head,
    hash: row.hash,
    count: row.count,
    epoch: row.epoch,
    covered: row.covered,
    tokens: row.tokens,
    owner: row.owner,
    createdAt: row.created_at,
    touchedAt: row.touched_at,
    state,
    metadata: state === 'active' ? row.metadata : '',
  };
}

export function turnIn(row: Record<string, unknown>): StoredTurn {
  const { version, id, at, stale, parent, hash, meta, content } = row;
  return turnOf(
    {
      version: Number(version),
      at: Number(at),
      staleBase: stale === 1,
      id: String(id),
      parent: String(parent),
      hash: String(hash),
    },
    String(meta),
    String(content),
  );
}

/** It has been used: until it ends again as long, within its absolute age. */
export const touched = (row: Row, now: number, ttlMs: number): Row => ({
  ...row,
  touched_at: now,
  ends_at: Math.min(now + ttlMs, row.last_end),
});
