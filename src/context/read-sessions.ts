import type {
  ReadOptions,
  SessionHead,
  SessionRef,
  Sessions,
  SessionView,
  StoredSummary,
} from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type Notes, notesIn } from './notes.ts';
import { openTurn } from './opened-sessions.ts';
import { arrange, correctionsIn, type OpenedTurn, pathTo } from './path.ts';
import type { ContextPrivacy, OpenSummary, PathTurn, TenantSeal } from './ports.ts';
import { isDestroyed } from './privacy/seal-broken.ts';

/** A session, opened. */
export interface OpenedSession {
  readonly head: SessionHead;
  readonly notes: Notes;
  readonly summary: OpenSummary | undefined;
  /** The current path, as a prompt has it. */
  readonly turns: readonly PathTurn[];
  /** All that was said, in all branches, in the order of versions. */
  readonly all: readonly OpenedTurn[];
}

/** A session without what its turns say. */
export interface SessionOutline {
  readonly head: SessionHead;
  readonly notes: Notes;
  readonly summary: OpenSummary | undefined;
  /** Ids of the turns that prompts have. */
  readonly onPath: ReadonlySet<string>;
}

/** A session with what some of its turns say. */
interface OpenedPage extends SessionOutline {
  /** Those of the page, in the order of versions. */
  readonly turns: readonly OpenedTurn[];
  /** All of them, as if nothing had been said in them. */
  readonly known: readonly OpenedTurn[];
}

/** A turn as it was said, and the words that a person has put in the place of its answer. */
export interface SaidTurn extends OpenedTurn {
  readonly correction?: OpenedTurn;
}

/** A turn, and how it is with its session. */
type SaidIn = Pick<SessionView, 'head'> & { readonly said: SaidTurn };

/** A session of which turns are read when they are wanted. */
interface SaidSession {
  readonly head: SessionHead;
  readonly notes: Notes;
  /** @throws GatewayError `session_unknown` where it ends meanwhile; StoreUnavailable, SealBroken */
  turns(order: 'asc' | 'desc'): AsyncGenerator<SaidTurn>;
}

interface AllTurns {
  readonly head: SessionHead | undefined;
  readonly turns: ReadonlyMap<string, OpenedTurn>;
  readonly summary: StoredSummary | undefined;
}

/** Which session is meant: whose it has to be, and a turn that it has to have. */
type Which = Pick<ReadOptions, 'owner' | 'turn'>;
/** And how much of it. */
type Wanted = Which & Pick<ReadOptions, 'bare'>;

const PAGE = 1000;
/** Turns in memory at a time where a session is gone through: each may be megabytes. */
const FEW = 20;

const NOTHING_SAID = { messages: [] };

/** Reads sessions whole: for people, and where what is at hand is not enough. Of what a turn needs see `recall-turn.ts`. */
export class SessionReader {
  readonly #sessions: Sessions;
  readonly #privacy: ContextPrivacy;

  constructor(sessions: Sessions, privacy: ContextPrivacy) {
    this.#sessions = sessions;
    this.#privacy = privacy;
  }

  /** All turns of a session, by id. @throws StoreUnavailable, SealBroken */
  async all(ref: SessionRef, seal: TenantSeal): Promise<AllTurns> {
    const turns = new Map<string, OpenedTurn>();
    let head: SessionHead | undefined;
    let summary: StoredSummary | undefined;
    for await (const view of this.#views(ref, PAGE)) {
      head ??= view.head;
      summary ??= view.summary;
      for (const turn of view.turns) turns.set(turn.id, openTurn(turn, seal));
    }
    return { head, turns, summary };
  }

  /** A session piece by piece, from behind a version; nothing if there is none. */
  async *#views(ref: SessionRef, limit: number, wanted?: Wanted, from = 0): AsyncGenerator<SessionView> {
    for (let after = from; ; after += limit) {
      const view = await this.#sessions.read(ref, { ...wanted, after, limit });
      if (view) yield view;
      if ((view?.turns.length ?? 0) < limit) return;
    }
  }

  /**
   * What there is of a session, of which a few turns at a time are in memory. All of it can be opened; what was sealed with a
   * key that was destroyed is erased, and is shown so. Undefined if nothing is known of it.
   * @throws StoreUnavailable, SealBroken if the config has not the secret
   */
  async outline(ref: SessionRef): Promise<SessionOutline | undefined> {
    const outlined = await this.#orErased(ref, () => this.#outline(ref, new Map()));
    return outlined && { onPath: new Set<string>(), ...outlined };
  }

  /**
   * What there is of a session, and a page of its turns with what they say: of all others only what they are known by is read.
   * What was sealed with a key that was destroyed is erased, and is shown so. Undefined if nothing is known of it.
   * @param page turns of versions above `after`, at most `limit`
   * @throws GatewayError `session_unknown` where it ends meanwhile; StoreUnavailable, SealBroken if the config has not the secret
   */
  async page(
    ref: SessionRef,
    page: { readonly after: number; readonly limit: number },
  ): Promise<OpenedPage | undefined> {
    const found = await this.#orErased(ref, () => this.#page(ref, page));
    return found && { onPath: new Set<string>(), turns: [], known: [], ...found };
  }

  async #page(
    ref: SessionRef,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<OpenedPage | undefined> {
    const known = new Map<string, OpenedTurn>();
    const outline = await this.#outline(ref, known, { bare: true });
    if (!outline) return undefined;
    const { head } = outline;
    // Versions have no gaps. Of one that has ended nothing is left but how far it came.
    const to = head.state === 'active' ? Math.min(head.version, after + limit) : 0;
    const turns = await Array.fromAsync(this.turns(ref, head, { after, to }));
    return { ...outline, known: [...known.values()], turns };
  }

  /**
   * @param known takes in all turns by their ids, without what they say
   * @param wanted `bare`: that is not read, but of the first and the last; else all of it can be opened
   */
  async #outline(
    ref: SessionRef,
    known: Map<string, OpenedTurn>,
    wanted: Wanted = {},
  ): Promise<SessionOutline | undefined> {
    const seal = await this.#privacy.of(ref.tenant);
    let first: SessionView | undefined;
    for await (const view of this.#views(ref, FEW, wanted)) {
      first ??= { ...view, turns: [] };
      for (const stored of view.turns) {
        const { content: _, ...turn } = stored;
        if (!wanted.bare) openTurn(stored, seal);
        known.set(turn.id, { turn, content: NOTHING_SAID });
      }
    }
    if (!first) return undefined;
    const { head } = first;
    // Whether it can be opened, or counts as erased, its ends tell.
    if (wanted.bare && head.state === 'active' && head.version > 0)
      for (const version of new Set([1, head.version])) await this.#at(ref, head, version);
    return {
      head,
      notes: notesIn(head.metadata, seal),
      summary: summaryOf(first.summary, seal),
      onPath: new Set(saidOn(head.head, known).map(({ turn }) => turn.id)),
    };
  }

  /**
   * The turns of a session behind `after` up to `to`, opened, in the order of versions; a few at a time are in memory.
   * @param head of the life that is meant
   * @throws GatewayError `session_unknown` where it ends meanwhile: half of it is not all of it. StoreUnavailable, SealBroken
   */
  async *turns(
    ref: SessionRef,
    { generation }: Pick<SessionHead, 'generation'>,
    { after, to }: { readonly after: number; readonly to: number },
  ): AsyncGenerator<OpenedTurn> {
    const seal = await this.#privacy.of(ref.tenant);
    for (let at = after; at < to; ) {
      const view = await this.#sessions.read(ref, { after: at, limit: Math.min(FEW, to - at) });
      if (view?.head.generation !== generation || view.turns.length === 0)
        throw new GatewayError('session_unknown');
      for (const turn of view.turns) yield openTurn(turn, seal);
      at += view.turns.length;
    }
  }

  /** @throws as `turns` */
  async #at(ref: SessionRef, head: SessionHead, version: number): Promise<OpenedTurn> {
    const [turn] = await Array.fromAsync(this.turns(ref, head, { after: version - 1, to: version }));
    return turn as OpenedTurn;
  }

  /**
   * A session's current path, with the summary in force. What was sealed with a key that was destroyed is erased, and is
   * shown so. Undefined if nothing is known of it.
   * @throws StoreUnavailable, SealBroken if the config has not the secret
   */
  async path(ref: SessionRef): Promise<OpenedSession | undefined> {
    const opened = await this.#orErased(ref, () => this.#path(ref));
    return opened && { turns: [], all: [], ...opened };
  }

  /** What was sealed with a key that was destroyed is erased. */
  async #orErased<T>(ref: SessionRef, read: () => Promise<T>): Promise<T | Erased | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isDestroyed(error)) throw error;
    }
    // Another replica may have made a key since this one has looked.
    this.#privacy.lookAgain(ref.tenant);
    try {
      return await read();
    } catch (error) {
      if (!isDestroyed(error)) throw error;
      const view = await this.#sessions.read(ref, { limit: 0 });
      return view && { head: erasedHead(view.head), notes: {}, summary: undefined };
    }
  }

  async #path(ref: SessionRef): Promise<OpenedSession | undefined> {
    const seal = await this.#privacy.of(ref.tenant);
    const { head, turns, summary } = await this.all(ref, seal);
    if (!head) return undefined;
    const opened = summaryOf(summary, seal);
    return {
      head,
      notes: notesIn(head.metadata, seal),
      summary: opened,
      turns: arrange(pathTo(head.head, turns), turns).turns,
      all: [...turns.values()],
    };
  }

  /**
   * A turn as it was said, with its correction: nothing else is read, unless something of its session was corrected or deleted.
   * Undefined if it is not there, or has failed, or its session is not active.
   * @throws StoreUnavailable, SealBroken
   */
  async said(ref: SessionRef, turn: string): Promise<SaidIn | undefined> {
    const found = await this.#orErased(ref, () => this.#said(ref, turn));
    return found && 'said' in found ? found : undefined;
  }

  async #said(ref: SessionRef, turn: string): Promise<SaidIn | undefined> {
    const seal = await this.#privacy.of(ref.tenant);
    const view = await this.#sessions.read(ref, { turn, fromTurn: true, limit: 1 });
    const [stored] = view?.turns ?? [];
    if (!view || !stored || stored.status === 'failed' || stored.supersedes !== '') return undefined;
    const { head } = view;
    const later = new Map<string, OpenedTurn>();
    if (head.edits > 0)
      for await (const { turns } of this.#views(ref, FEW, { bare: true }, stored.version))
        for (const each of turns) later.set(each.id, { turn: each, content: NOTHING_SAID });
    const corrected = correctionsIn(later)(stored);
    const correction = corrected && (await this.#at(ref, head, corrected.turn.version));
    return { head, said: { ...openTurn(stored, seal), ...(correction && { correction }) } };
  }

  /**
   * The turns of a session's path as they were said, each with its correction; failed ones left out. Each is read with what it says
   * when it is its turn, few ahead. Undefined if there is none, or it is not active.
   * @param which the turn that the path leads to, if it is not the current one
   * @throws StoreUnavailable, SealBroken
   */
  async saidInPart(ref: SessionRef, which: Which): Promise<SaidSession | undefined> {
    const known = new Map<string, OpenedTurn>();
    const outline = await this.#orErased(ref, () => this.#outline(ref, known, { ...which, bare: true }));
    if (outline?.head.state !== 'active') return undefined;
    const { head, notes } = outline;
    const said = saidOn(which.turn ?? head.head, known);
    return { head, notes, turns: (order) => this.#saidIn(ref, head, said, known, order) };
  }

  async *#saidIn(
    ref: SessionRef,
    head: SessionHead,
    said: readonly OpenedTurn[],
    known: ReadonlyMap<string, OpenedTurn>,
    order: 'asc' | 'desc',
  ): AsyncGenerator<SaidTurn> {
    const path = order === 'asc' ? said : said.toReversed();
    const correctionOf = correctionsIn(known);
    const opened = ({ turn }: OpenedTurn): Promise<OpenedTurn> => this.#at(ref, head, turn.version);
    const readWhole = async (each: OpenedTurn): Promise<SaidTurn> => {
      const correction = correctionOf(each.turn);
      return { ...(await opened(each)), ...(correction && { correction: await opened(correction) }) };
    };
    for (let at = 0; at < path.length; at += FEW) {
      const few = path.slice(at, at + FEW);
      const read = await this.#orErased(ref, () => Promise.all(few.map(readWhole)));
      if (!Array.isArray(read)) throw new GatewayError('session_unknown');
      yield* read;
    }
  }

  /** The turns of the path to `parent` that a summary covers, oldest first. @throws StoreUnavailable, SealBroken */
  async covered(
    ref: SessionRef,
    seal: TenantSeal,
    parent: string,
    covered: number,
  ): Promise<readonly PathTurn[]> {
    const { turns } = await this.all(ref, seal);
    return arrange(pathTo(parent, turns), turns).turns.filter(({ turn }) => turn.version <= covered);
  }
}

type Erased = Pick<OpenedSession, 'head' | 'notes' | 'summary'>;

/** The turns of a path that prompts have. */
const saidOn = (head: string, turns: ReadonlyMap<string, OpenedTurn>): readonly OpenedTurn[] =>
  pathTo(head, turns).filter(({ turn }) => turn.status !== 'failed' && turn.supersedes === '');

const erasedHead = (head: SessionHead): SessionHead => ({
  ...head,
  version: 0,
  head: '',
  hash: '',
  count: 0,
  epoch: 0,
  covered: 0,
  tokens: 0,
  metadata: '',
  state: 'erased',
});

const OPENED = new WeakMap<StoredSummary, OpenSummary>();

/** Opened once: it is at hand for many turns. @throws SealBroken */
export function summaryOf(summary: StoredSummary | undefined, seal: TenantSeal): OpenSummary | undefined {
  if (!summary) return undefined;
  const { epoch, covered, tokens, content } = summary;
  const opened = OPENED.get(summary) ?? { epoch, covered, tokens, content: seal.open(content) };
  OPENED.set(summary, opened);
  return opened;
}
