import type { DatabaseSync } from 'node:sqlite';
import type {
  CommitOptions,
  Committed,
  ReadOptions,
  Reserved,
  ReserveOptions,
  ResetCause,
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
import { type Commits, reading, type WriteOptions } from './commits.ts';
import { type Purged, SessionPurge } from './session-purge.ts';
import {
  type Beginning,
  endOf,
  headOf,
  inPlaceOf,
  type Row,
  SessionStatements,
  touched,
  turnIn,
} from './session-rows.ts';

/** Epochs whose summaries are kept. */
const EPOCHS_KEPT = 16;

/** Of what somebody wants to be gone nothing stays in the files. */
const WIPES = { wipes: true } as const;

/**
 * Conversations in tables that all processes of the machine share: each step is a transaction that begins with the right to
 * write, and leaves the same traces as the scripts of `redis/session-scripts.ts`. Reservations and leases do not wait for the
 * disk (a power failure that loses them ends their calls too), nor do turns where the config says so; everything else does.
 */
export class SqliteSessions implements Sessions {
  readonly #commits: Commits;
  readonly #now: () => number;
  readonly #sql: SessionStatements;
  readonly #turns: { readonly durable: true | 'soon' };
  readonly #purge: SessionPurge;
  #purged: Purged | undefined;

  /** @param sync when turns are on the disk */
  constructor(
    database: DatabaseSync,
    commits: Commits,
    now: () => number,
    sync: 'everysec' | 'always' = 'always',
  ) {
    this.#commits = commits;
    this.#now = now;
    this.#turns = { durable: sync === 'always' ? true : 'soon' };
    this.#sql = new SessionStatements(database);
    this.#purge = new SessionPurge(database, this.#sql);
  }

  async reserve(ref: SessionRef, options: ReserveOptions): Promise<Reserved> {
    checkSession(ref);
    return this.#commits.enqueue(() => this.#reserve(ref, options), { durable: false });
  }

  async commit(ref: SessionRef, options: CommitOptions): Promise<Committed> {
    checkSession(ref);
    return this.#commits.enqueue(() => this.#commit(ref, options), this.#turns);
  }

  renew(ref: SessionRef, turn: string, request: string, leaseMs: number, ttlMs: number): Promise<boolean> {
    const renewed = (row: Row): boolean => {
      const now = Math.floor(this.#now());
      const until = now + leaseMs;
      if (!this.#sql.run.leaseOf.get(row.key, `p:${turn}`)) return false;
      this.#sql.use(touched(row, now, ttlMs));
      this.#sql.run.putLease.run(row.key, `p:${turn}`, turn, until);
      if (row.holder === turn) this.#sql.run.hold.run(row.exclusive_fence, turn, until, row.key);
      const known = request === '' ? undefined : this.#sql.run.request.get(row.key, request);
      if (known?.turn === turn && Number(known.version) === 0)
        this.#sql.run.putRequest.run(row.key, request, turn, 0, until);
      return true;
    };
    return this.#change(ref, renewed, { durable: false });
  }

  async release(ref: SessionRef, turn: string, request: string): Promise<void> {
    checkSession(ref);
    await this.#commits.enqueue(
      () => {
        const row = this.#sql.find(ref);
        if (row) this.#sql.letGo(row, turn);
        if (row && request !== '') this.#sql.run.forgetRequest.run(row.key, request, turn);
        if (row) this.#sql.forgetUnsaid(row, Math.floor(this.#now()));
      },
      { durable: false },
    );
  }

  async read(
    ref: SessionRef,
    { after = 0, limit, owner, turn, fromTurn = false, bare = false }: ReadOptions = {},
  ): Promise<SessionView | undefined> {
    checkSession(ref);
    return reading(() => {
      const row = this.#sql.find(ref);
      if (!row || (owner ?? row.owner) !== row.owner) return undefined;
      const head = headOf(row, this.#now());
      if (head.state !== 'active') return { head, summary: undefined, turns: [] };
      const named = turn === undefined ? undefined : this.#sql.run.turnBy.get(row.key, turn);
      if (turn !== undefined && !named) return undefined;
      const from = named && fromTurn ? Number(named.version) - 1 : after;
      const wanted = this.#sql.run[bare ? 'bareTurns' : 'turns'];
      const turns = wanted.all(row.key, from, checkLimit(limit ?? 1000)).map(turnIn);
      return { head, summary: this.#summary(row), turns };
    });
  }

  async create(ref: SessionRef, beginning: Omit<Beginning, 'reset'>): Promise<boolean> {
    checkSession(ref);
    return this.#commits.enqueue(() => {
      const row = this.#sql.find(ref);
      if (row && this.#isLive(row)) return false;
      this.#sql.begin(ref, row, { ...beginning, reset: '' }, Math.floor(this.#now()));
      return true;
    });
  }

  describe(ref: SessionRef, metadata: string): Promise<boolean> {
    return this.#change(ref, (row) => {
      this.#sql.run.describe.run(metadata, row.key);
      return true;
    });
  }

  summarize(
    ref: SessionRef,
    expected: { generation: number; edits: number; epoch: number; covered: number },
    summary: StoredSummary,
  ): Promise<boolean> {
    return this.#change(ref, (row) => {
      const { generation, edits, epoch, covered } = expected;
      const isSame =
        row.generation === generation &&
        row.edits === edits &&
        row.epoch === epoch &&
        row.covered === covered &&
        this.#sql.run.turnAt.get(row.key, summary.covered)?.id === summary.coveredTurn;
      if (!isSame) return false;
      this.#sql.run.putSummary.run(row.key, summary.epoch, JSON.stringify(summary));
      this.#sql.run.forgetSummary.run(row.key, summary.epoch - EPOCHS_KEPT);
      this.#sql.run.cover.run(summary.epoch, summary.covered, row.key);
      return true;
    });
  }

  lease(ref: SessionRef, work: string, holder: string, leaseMs: number): Promise<boolean> {
    const taken = (row: Row): boolean => {
      const held = this.#sql.run.leaseOf.get(row.key, `w:${work}`);
      if (held && held.holder !== holder && Number(held.ends_at) > this.#now()) return false;
      this.#sql.run.putLease.run(row.key, `w:${work}`, holder, Math.floor(this.#now() + leaseMs));
      return true;
    };
    return this.#change(ref, taken, { durable: false });
  }

  async unlease(ref: SessionRef, work: string, holder: string): Promise<void> {
    const dropped = ({ key }: Row): boolean =>
      Number(this.#sql.run.dropLease.run(key, `w:${work}`, holder).changes) > 0;
    await this.#change(ref, dropped, { durable: false });
  }

  redact(ref: SessionRef, version: number, was: string, turn: StoredTurn): Promise<boolean> {
    return this.#change(
      ref,
      (row) => {
        const { version: _, at: __, parent: ___, staleBase: ____, hash: _____, ...draft } = turn;
        const done = this.#sql.run.redact.run(metaText(draft), turn.content, row.key, version, was);
        if (Number(done.changes) === 0) return false;
        this.#sql.run.forgetSummaries.run(row.key);
        this.#sql.run.uncover.run(row.key);
        return true;
      },
      WIPES,
    );
  }

  async erase(ref: SessionRef, generation?: number, isNobodys = false): Promise<boolean> {
    checkSession(ref);
    return this.#commits.enqueue(() => {
      const row = this.#sql.find(ref);
      if (!row || (generation !== undefined && row.generation !== generation)) return false;
      const was = this.#isLive(row) || (row.erased === 0 && row.version > 0);
      const now = Math.floor(this.#now());
      this.#sql.empty(row.key);
      this.#sql.run.erase.run(isNobodys ? '' : row.owner, now, now, row.key);
      return was;
    }, WIPES);
  }

  async list(
    tenant: string,
    { owner, after, limit }: Parameters<Sessions['list']>[1],
  ): Promise<SessionListing> {
    const count = checkLimit(limit);
    return reading(() => {
      const from = [after?.listedAt ?? Number.MAX_SAFE_INTEGER, after?.session ?? ''];
      const rows = (owner === undefined
        ? this.#sql.run.list.all(tenant, ...from, count + 1)
        : this.#sql.run.listOf.all(tenant, owner, ...from, count + 1)) as unknown as Row[];
      const now = this.#now();
      const sessions = rows.slice(0, count).map((row) => ({
        session: row.session,
        listedAt: row.created_at,
        head: headOf(row, now),
      }));
      return { sessions, next: rows.length > count ? sessions.at(-1) : undefined };
    });
  }

  /** Forgets what ended, some of it; true if there may be more: the next call goes on from there. One at a time. */
  async purge(): Promise<boolean> {
    const step = () => this.#purge.step(Math.floor(this.#now()), this.#purged);
    this.#purged = await this.#commits.enqueue(step, { durable: false });
    return this.#purged !== undefined;
  }

  #reserve(ref: SessionRef, options: ReserveOptions): Reserved {
    const { turn, owner, key: request, ifVersion, seenVersion: seen = 0, known } = options;
    const now = Math.floor(this.#now());
    let row = this.#sql.find(ref);
    let reset: ResetCause | '' = '';
    let held = 0;
    // As they are now, which may be shorter than when it began.
    const lasts = (row?.created_at ?? 0) + options.maxAgeMs;
    const isOver = row !== undefined && (row.touched_at + options.ttlMs <= now || lasts <= now);
    const isNew = !row || isOver || !this.#isLive(row);
    const isTheirs = row && ['', owner, ...(options.formerOwners ?? [])].includes(row.owner);
    if (row && !isNew && !isTheirs) return { kind: 'unknown' };
    if (!row || isNew) {
      if (!options.create) return { kind: 'unknown' };
      if (ifVersion !== undefined && ifVersion !== 0) return { kind: 'version', version: 0 };
      if (row && isTheirs) reset = endOf(row);
      else if (seen > 0 || (known?.version ?? 0) > 0) reset = 'version_regressed';
      // What became of somebody else's is told to nobody else, as if there had never been one.
      const resetHead = row && !isTheirs ? inPlaceOf(row) : '';
      row = this.#sql.begin(ref, row, { ...options, metadata: '', reset, resetHead }, now);
    } else {
      const before = request === '' ? undefined : this.#sql.run.request.get(row.key, request);
      if (before && Number(before.version) > 0) {
        const answered = this.#sql.run.turnAt.get(row.key, Number(before.version));
        if (answered) return { kind: 'replay', head: headOf(row, now), turn: turnIn(answered) };
      }
      if (before && Number(before.version) === 0 && before.turn !== turn && Number(before.ends_at) > now)
        return { kind: 'running', version: row.version, retryAfterMs: Number(before.ends_at) - now };
      held = known?.generation === row.generation && known.edits === row.edits ? known.version : 0;
      if (Math.max(seen, held) > row.version) reset = 'version_regressed';
      else if (row.head === '' || row.head === row.reset_head) reset = row.reset;
      if (row.holder !== '' && row.holder !== turn && row.holder_until > now)
        return { kind: 'locked', version: row.version, retryAfterMs: row.holder_until - now };
      if (ifVersion !== undefined && !this.#sql.isAt(row, ifVersion))
        return { kind: 'version', version: row.version };
    }
    const { pending, lapsed } = this.#sql.run.pending.get(row.key, now, `p:${turn}`) ?? {};
    // As long as nothing was said those stay that may still come: without any the session is to go.
    if (Number(lapsed) > 0 && row.version > 0) this.#sql.run.dropLapsed.run(row.key, now);
    // What others are answered may be what its client was promised: then nothing is lost.
    const isLost = held > row.version || seen > row.version + 2 * Number(pending);
    if (isLost && !isNew) this.#sql.run.lose.run(row.key);
    const until = now + options.leaseMs;
    row = touched(
      { ...row, last_end: Math.min(row.last_end, row.created_at + options.maxAgeMs) },
      now,
      options.ttlMs,
    );
    const fence = this.#sql.announce(row, options, until, now);
    if (owner !== '' && row.owner === '') this.#sql.run.putUser.run(owner, row.key);
    if (request !== '') this.#sql.run.putRequest.run(row.key, request, turn, 0, until);
    const isSame = known?.generation === row.generation && known.edits === row.edits;
    const holds = isSame && known.version <= row.version;
    const from = holds ? Math.max(row.covered, known.version) : row.covered;
    const turns = this.#sql.run.turns.all(row.key, from, -1);
    return {
      kind: 'reserved',
      head: headOf(row, now),
      fence,
      isNew,
      reset,
      summary: holds && known.epoch === row.epoch ? undefined : this.#summary(row),
      from,
      turns: turns.map(turnIn),
      pending: Number(pending),
    };
  }

  #commit(ref: SessionRef, options: CommitOptions): Committed {
    const { turn, key: request, inPlaceOf } = options;
    const now = Math.floor(this.#now());
    const row = this.#sql.find(ref);
    if (!row) return { kind: 'lost' };
    if (!this.#isLive(row) || row.generation !== options.generation) return { kind: 'gone' };
    const before = this.#sql.run.turnBy.get(row.key, turn.id);
    if (before) {
      const { version, stale } = before;
      return { kind: 'committed', version: Number(version), staleBase: stale === 1, repeated: true };
    }
    if (options.edits !== undefined && options.edits !== row.edits)
      return { kind: 'conflict', version: row.version };
    const answered = request === '' ? undefined : this.#sql.run.request.get(row.key, request);
    if (answered && Number(answered.version) > 0) return { kind: 'conflict', version: row.version };
    if (options.fence === 0 && row.holder !== '' && row.holder_until > now)
      return { kind: 'conflict', version: row.version };
    const hasMoved = row.version !== options.base;
    if (options.exact && (hasMoved || row.exclusive_fence > options.fence))
      return { kind: 'conflict', version: row.version };
    const branches = options.mode === 'branch' && (inPlaceOf === undefined || inPlaceOf === row.head);
    const isLost = branches && options.parent !== '' && !this.#sql.run.turnBy.get(row.key, options.parent);
    // What it was made from this store does not have: it goes on behind what there is, and the next one is told.
    const isBehind = row.version < options.base || isLost;
    const leaves = options.goesOn === true && !isBehind && this.#sql.hasLeft(row, options.parent);
    const isBranch = branches ? !isLost : leaves;
    const failed = turn.status === 'failed';
    if (turn.resolves !== '' && !failed) {
      const closed = this.#sql.run.close.run(row.key, turn.resolves);
      if (Number(closed.changes) === 0 && !isBranch && inPlaceOf === undefined && !isBehind)
        return { kind: 'conflict', version: row.version };
    }
    const version = row.version + 1;
    const merged = !isBranch && (isBehind || hasMoved);
    const parent = isBranch ? options.parent : row.head;
    const hash = merged ? '' : options.hash;
    const count = merged ? row.count + turn.digests.length : options.count;
    const isOpen = turn.opens ? 1 : 0;
    this.#sql.run.append.run(
      row.key,
      version,
      turn.id,
      now,
      merged ? 1 : 0,
      parent,
      hash,
      isOpen,
      metaText(turn),
      turn.content,
    );
    // The session's step: nobody else's came between.
    const tokens = row.tokens + turn.tokens;
    const [head, headHash, headCount] = failed ? [row.head, row.hash, row.count] : [turn.id, hash, count];
    const { touched_at: at, ends_at: ends } = touched(row, now, options.ttlMs);
    const moved = this.#sql.run.advance.run(
      version,
      tokens,
      head,
      headHash,
      headCount,
      at,
      ends,
      row.key,
      row.version,
    );
    if (Number(moved.changes) !== 1) throw new Error('a session moved under its lock');
    if (isBehind) this.#sql.run.lose.run(row.key);
    if (turn.supersedes !== '') this.#sql.run.edit.run(row.key);
    // Only what was answered whole is an answer to the same request.
    if (request !== '' && turn.status !== 'complete')
      this.#sql.run.forgetRequest.run(row.key, request, turn.id);
    else if (request !== '') this.#sql.run.putRequest.run(row.key, request, turn.id, version, now);
    this.#sql.letGo(row, turn.id);
    return { kind: 'committed', version, staleBase: merged, repeated: false };
  }

  /** Runs on a live session, else false. */
  async #change(ref: SessionRef, work: (row: Row) => boolean, how?: WriteOptions): Promise<boolean> {
    checkSession(ref);
    return this.#commits.enqueue(() => {
      const row = this.#sql.find(ref);
      return row !== undefined && this.#isLive(row) && work(row);
    }, how);
  }

  #isLive(row: Row): boolean {
    return row.erased === 0 && row.ends_at > Math.floor(this.#now());
  }

  #summary(row: Row): StoredSummary | undefined {
    if (row.epoch === 0) return undefined;
    const found = this.#sql.run.summary.get(row.key, row.epoch);
    return found && (JSON.parse(String(found.summary)) as StoredSummary);
  }
}
