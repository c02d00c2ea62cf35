import type {
  CommitOptions,
  Committed,
  Reserved,
  ReserveOptions,
  ResetCause,
  SessionHead,
  SessionRef,
  Sessions,
  SessionView,
  StoredSummary,
  StoredTurn,
} from '../../src/contracts/session.ts';

/** One life of a session. Its generation is its number, from 1. */
export interface Life {
  readonly generation: number;
  readonly owner: string;
  state: SessionHead['state'];
  metadata: string;
  turns: StoredTurn[];
  /** Those whose calls have no results yet. */
  readonly open: Set<string>;
  edits: number;
  head: string;
  hash: string;
  count: number;
  tokens: number;
  epoch: number;
  covered: number;
  summary: StoredSummary | undefined;
  fence: number;
  exclusiveFence: number;
  /** Who answers it alone. */
  holder: Standing | undefined;
  /** Announced turns, and whether their lease stands. */
  pending: Map<string, boolean>;
  /** By key: version 0 = it is being answered. */
  requests: Map<string, Standing & { readonly version: number }>;
  readonly works: Map<string, { readonly holder: string; readonly stands: boolean }>;
  reset: ResetCause | '';
  resetHead: string;
  /** What had ended here was somebody else's: that is known again where this comes to nothing. */
  inPlaceOf: Pick<Life, 'owner' | 'state'> | undefined;
}

interface Standing {
  readonly turn: string;
  readonly stands: boolean;
}

/**
 * What a store of conversations answers, by its contract: lists in memory, without a clock. A lease of no milliseconds has run
 * out as soon as it is given, and so has the time of a session; any other stands.
 */
export class ModelSessions implements Sessions {
  readonly #lives = new Map<string, Life>();

  life({ tenant, session }: SessionRef): Life | undefined {
    return this.#lives.get(JSON.stringify([tenant, session]));
  }

  async reserve(ref: SessionRef, options: ReserveOptions): Promise<Reserved> {
    const { turn, owner, formerOwners = [], key, known, ifVersion, seenVersion: seen = 0 } = options;
    const was = this.life(ref);
    const isNew = was?.state !== 'active';
    // Of what was somebody else's they know nothing.
    const theirs = was && ['', owner, ...formerOwners].includes(was.owner) ? was : undefined;
    if (was && !isNew && !theirs) return { kind: 'unknown' };
    if (isNew && !options.create) return { kind: 'unknown' };
    if (isNew && ifVersion !== undefined && ifVersion > 0) return { kind: 'version', version: 0 };
    const isKnown = !isNew && known?.generation === was.generation && known.edits === was.edits;
    const held = isKnown ? known.version : 0;
    let reset: ResetCause | '' = '';
    if (theirs && isNew) reset = theirs.state === 'erased' ? 'erased' : 'ttl';
    else if (Math.max(seen, theirs ? held : (known?.version ?? 0)) > (theirs?.turns.length ?? 0))
      reset = 'version_regressed';
    else if (theirs && theirs.head === theirs.resetHead) reset = theirs.reset;
    const life = was && !isNew ? was : this.#begin(ref, owner, '', reset);
    if (was && isNew && !theirs) life.inPlaceOf = { owner: was.owner, state: was.state };
    const version = life.turns.length;
    const request = life.requests.get(key);
    if (request && request.version > 0)
      return { kind: 'replay', head: headOf(life), turn: life.turns[request.version - 1] as StoredTurn };
    const isOthers = (standing: Standing | undefined): boolean =>
      standing !== undefined && standing.turn !== turn && standing.stands;
    if (isOthers(request)) return { kind: 'running', version, retryAfterMs: 0 };
    if (isOthers(life.holder)) return { kind: 'locked', version, retryAfterMs: 0 };
    if (ifVersion !== undefined && (ifVersion > version || ifVersion < reached(life)))
      return { kind: 'version', version };
    const others = [...life.pending].filter(([id, stands]) => id !== turn && stands);
    if (!isNew && (held > version || seen > version + 2 * others.length))
      Object.assign(life, { reset: 'version_regressed', resetHead: life.head });
    const stands = options.leaseMs > 0;
    const isHeld = options.exclusive && life.holder?.turn === turn && life.holder.stands;
    const fence = isHeld ? life.exclusiveFence : ++life.fence;
    life.pending = new Map([...(version === 0 ? life.pending : others), [turn, stands]]);
    if (options.exclusive)
      Object.assign(life, { holder: { turn, stands }, exclusiveFence: fence } satisfies Partial<Life>);
    if (key !== '') life.requests.set(key, { turn, stands, version: 0 });
    const holds = isKnown && known.version <= version;
    const from = Math.max(life.covered, holds ? known.version : 0);
    return {
      kind: 'reserved',
      head: headOf(life),
      fence,
      isNew,
      reset,
      summary: holds && known.epoch === life.epoch ? undefined : life.summary,
      from,
      turns: life.turns.slice(from),
      pending: others.length,
    };
  }

  async commit(ref: SessionRef, options: CommitOptions): Promise<Committed> {
    const { turn, key, fence, inPlaceOf } = options;
    if (!this.life(ref)) return { kind: 'lost' };
    const life = this.#live(ref);
    if (!life || life.generation !== options.generation) return { kind: 'gone' };
    const before = life.turns.find(({ id }) => id === turn.id);
    if (before) {
      const { version, staleBase } = before;
      return { kind: 'committed', version, staleBase, repeated: true };
    }
    const hasMoved = life.turns.length !== options.base;
    const branches = options.mode === 'branch' && (inPlaceOf === undefined || inPlaceOf === life.head);
    const isThere = ['', ...life.turns.map(({ id }) => id)].includes(options.parent);
    const isBehind = life.turns.length < options.base || (branches && !isThere);
    const leaves = options.goesOn === true && isThere && !isBehind && !pathOf(life).includes(options.parent);
    const isBranch = branches ? isThere : leaves;
    const isAnswer = turn.status !== 'failed';
    const isRefused =
      (options.edits !== undefined && options.edits !== life.edits) ||
      (life.requests.get(key)?.version ?? 0) > 0 ||
      (fence === 0 && life.holder?.stands) ||
      (options.exact && (hasMoved || life.exclusiveFence > fence)) ||
      (isAnswer &&
        !isBranch &&
        !isBehind &&
        inPlaceOf === undefined &&
        turn.resolves !== '' &&
        !life.open.has(turn.resolves));
    if (isRefused) return { kind: 'conflict', version: life.turns.length };
    const staleBase = !isBranch && (isBehind || hasMoved);
    const version = life.turns.length + 1;
    const hash = staleBase ? '' : options.hash;
    const parent = isBranch ? options.parent : life.head;
    life.turns.push({ ...turn, version, at: 0, parent, staleBase, hash });
    life.tokens += turn.tokens;
    if (isAnswer) {
      life.open.delete(turn.resolves);
      const count = staleBase ? life.count + turn.digests.length : options.count;
      Object.assign(life, { head: turn.id, hash, count } satisfies Partial<Life>);
    }
    if (isBehind)
      Object.assign(life, { reset: 'version_regressed', resetHead: life.head } satisfies Partial<Life>);
    if (turn.opens) life.open.add(turn.id);
    if (turn.supersedes !== '') life.edits++;
    if (key !== '' && turn.status === 'complete')
      life.requests.set(key, { turn: turn.id, stands: true, version });
    this.#letGo(life, turn.id, turn.status === 'complete' ? '' : key);
    if (options.ttlMs === 0) life.state = 'expired';
    return { kind: 'committed', version, staleBase, repeated: false };
  }

  async renew(ref: SessionRef, turn: string, key: string, leaseMs: number): Promise<boolean> {
    const life = this.#live(ref);
    if (!life?.pending.has(turn)) return false;
    const stands = leaseMs > 0;
    life.pending.set(turn, stands);
    if (life.holder?.turn === turn) life.holder = { turn, stands };
    const request = life.requests.get(key);
    if (request?.turn === turn && request.version === 0) life.requests.set(key, { ...request, stands });
    return true;
  }

  async release(ref: SessionRef, turn: string, key: string): Promise<void> {
    const life = this.life(ref);
    if (!life) return;
    this.#letGo(life, turn, key);
    const isSaid = life.turns.length > 0 || life.state === 'erased' || life.metadata !== '';
    const { inPlaceOf, generation } = life;
    if (isSaid || (life.reset !== '' && !inPlaceOf) || life.pending.size > 0) return;
    const name = JSON.stringify([ref.tenant, ref.session]);
    if (!inPlaceOf) this.#lives.delete(name);
    else this.#lives.set(name, { ...newLife(generation, inPlaceOf.owner, '', ''), state: inPlaceOf.state });
  }

  async read(
    ref: SessionRef,
    { after = 0, limit = 1000 }: { after?: number; limit?: number } = {},
  ): Promise<SessionView | undefined> {
    const life = this.life(ref);
    if (!life) return undefined;
    const head = headOf(life);
    if (life.state !== 'active') return { head, summary: undefined, turns: [] };
    return { head, summary: life.summary, turns: life.turns.slice(after, after + limit) };
  }

  async create(ref: SessionRef, { owner, metadata }: { owner: string; metadata: string }): Promise<boolean> {
    if (this.#live(ref)) return false;
    this.#begin(ref, owner, metadata, '');
    return true;
  }

  async describe(ref: SessionRef, metadata: string): Promise<boolean> {
    const life = this.#live(ref);
    if (life) life.metadata = metadata;
    return life !== undefined;
  }

  async summarize(
    ref: SessionRef,
    expected: { generation: number; edits: number; epoch: number; covered: number },
    summary: StoredSummary,
  ): Promise<boolean> {
    const life = this.#live(ref);
    if (!life || life.turns[summary.covered - 1]?.id !== summary.coveredTurn) return false;
    const names = ['generation', 'edits', 'epoch', 'covered'] as const;
    if (names.some((name) => life[name] !== expected[name])) return false;
    Object.assign(life, { summary, epoch: summary.epoch, covered: summary.covered });
    return true;
  }

  async lease(ref: SessionRef, work: string, holder: string, leaseMs: number): Promise<boolean> {
    const life = this.#live(ref);
    const held = life?.works.get(work);
    if (!life || (held?.stands && held.holder !== holder)) return false;
    life.works.set(work, { holder, stands: leaseMs > 0 });
    return true;
  }

  async unlease(ref: SessionRef, work: string, holder: string): Promise<void> {
    const life = this.life(ref);
    if (life?.works.get(work)?.holder === holder) life.works.delete(work);
  }

  async redact(ref: SessionRef, version: number, was: string, left: StoredTurn): Promise<boolean> {
    const life = this.#live(ref);
    const turn = life?.turns[version - 1];
    if (!life || !turn || turn.content !== was) return false;
    const { at, parent, staleBase, hash } = turn;
    life.turns[version - 1] = { ...left, version, at, parent, staleBase, hash };
    life.edits++;
    Object.assign(life, { epoch: 0, covered: 0, summary: undefined });
    return true;
  }

  async erase(ref: SessionRef, generation?: number, isNobodys = false): Promise<boolean> {
    const life = this.life(ref);
    if (!life || (generation !== undefined && generation !== life.generation)) return false;
    const was = life.state === 'active' || (life.state === 'expired' && life.turns.length > 0);
    const { generation: number, owner, edits } = life;
    const empty = newLife(number, isNobodys ? '' : owner, '', '');
    this.#lives.set(JSON.stringify([ref.tenant, ref.session]), { ...empty, edits, state: 'erased' });
    return was;
  }

  /** In the order of their names: what a clock tells apart is told apart elsewhere. */
  async list(tenant: string): ReturnType<Sessions['list']> {
    const sessions = [...this.#lives].flatMap(([key, life]) => {
      const [of, session] = JSON.parse(key) as [string, string];
      return of === tenant ? [{ session, listedAt: 0, head: headOf(life) }] : [];
    });
    return { sessions: sessions.sort((a, b) => (a.session < b.session ? -1 : 1)), next: undefined };
  }

  #live(ref: SessionRef): Life | undefined {
    const life = this.life(ref);
    return life?.state === 'active' ? life : undefined;
  }

  #begin(ref: SessionRef, owner: string, metadata: string, reset: ResetCause | ''): Life {
    const life = newLife((this.life(ref)?.generation ?? 0) + 1, owner, metadata, reset);
    this.#lives.set(JSON.stringify([ref.tenant, ref.session]), life);
    return life;
  }

  #letGo(life: Life, turn: string, key: string): void {
    life.pending.delete(turn);
    if (life.holder?.turn === turn) life.holder = undefined;
    const request = life.requests.get(key);
    if (request?.turn === turn && request.version === 0) life.requests.delete(key);
  }
}

const newLife = (generation: number, owner: string, metadata: string, reset: ResetCause | ''): Life => ({
  generation,
  owner,
  state: 'active',
  metadata,
  turns: [],
  open: new Set(),
  edits: 0,
  head: '',
  hash: '',
  count: 0,
  tokens: 0,
  epoch: 0,
  covered: 0,
  summary: undefined,
  fence: 0,
  exclusiveFence: 0,
  holder: undefined,
  pending: new Map(),
  requests: new Map(),
  works: new Map(),
  reset,
  resetHead: '',
  inPlaceOf: undefined,
});

/** Ids of the turns up to the head, from it, and '' behind the first. */
function pathOf({ turns, head }: Life): string[] {
  const path = [head];
  for (let at = turns.find(({ id }) => id === head); at; at = turns.find(({ id }) => id === path.at(-1)))
    path.push(at.parent);
  return path;
}

/** The version of the last turn that has said something. */
const reached = ({ turns, head }: Life): number => turns.find(({ id }) => id === head)?.version ?? 0;

const headOf = (life: Life): SessionHead => ({
  version: life.turns.length,
  generation: life.generation,
  edits: life.edits,
  head: life.head,
  hash: life.hash,
  count: life.count,
  epoch: life.epoch,
  covered: life.covered,
  tokens: life.tokens,
  owner: life.owner,
  createdAt: 0,
  touchedAt: 0,
  state: life.state,
  metadata: life.state === 'active' ? life.metadata : '',
});
