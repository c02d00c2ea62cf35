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

/** A turn as it was said, and the words that a person has put in the place of its answer. */
export interface SaidTurn extends OpenedTurn {
  readonly correction?: OpenedTurn;
}

interface AllTurns {
  readonly head: SessionHead | undefined;
  readonly turns: ReadonlyMap<string, OpenedTurn>;
  readonly summary: StoredSummary | undefined;
}

/** Which session is meant: whose it has to be, and a turn that it has to have. */
type Which = Pick<ReadOptions, 'owner' | 'turn'>;

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
  async all(ref: SessionRef, seal: TenantSeal, which?: Which): Promise<AllTurns> {
    const turns = new Map<string, OpenedTurn>();
    let head: SessionHead | undefined;
    let summary: StoredSummary | undefined;
    for await (const view of this.#views(ref, PAGE, which)) {
      head ??= view.head;
      summary ??= view.summary;
      for (const turn of view.turns) turns.set(turn.id, openTurn(turn, seal));
    }
    return { head, turns, summary };
  }

  /** A session piece by piece; nothing if there is none. */
  async *#views(ref: SessionRef, limit: number, which?: Which): AsyncGenerator<SessionView> {
    for (let after = 0; ; after += limit) {
      const view = await this.#sessions.read(ref, { ...which, after, limit });
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
    const outlined = await this.#orErased(ref, () => this.#outline(ref));
    return outlined && { onPath: new Set<string>(), ...outlined };
  }

  async #outline(ref: SessionRef): Promise<SessionOutline | undefined> {
    const seal = await this.#privacy.of(ref.tenant);
    const turns = new Map<string, OpenedTurn>();
    let first: SessionView | undefined;
    for await (const view of this.#views(ref, FEW)) {
      first ??= { ...view, turns: [] };
      for (const { digests: _, journey: __, ...stored } of view.turns) {
        const { turn } = openTurn({ ...stored, digests: [], journey: '' }, seal);
        turns.set(turn.id, { turn, content: NOTHING_SAID });
      }
    }
    if (!first) return undefined;
    const { head } = first;
    const path = pathTo(head.head, turns).filter(
      ({ turn }) => turn.status !== 'failed' && turn.supersedes === '',
    );
    return {
      head,
      notes: notesIn(head.metadata, seal),
      summary: summaryOf(first.summary, seal),
      onPath: new Set(path.map(({ turn }) => turn.id)),
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

  /**
   * A session's current path, with the summary in force. What was sealed with a key that was destroyed is erased, and is
   * shown so. Undefined if nothing is known of it.
   * @throws StoreUnavailable, SealBroken if the config has not the secret
   */
  async path(ref: SessionRef, which?: Which): Promise<OpenedSession | undefined> {
    const opened = await this.#orErased(ref, () => this.#path(ref, which));
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

  async #path(ref: SessionRef, which?: Which): Promise<OpenedSession | undefined> {
    const seal = await this.#privacy.of(ref.tenant);
    const { head, turns, summary } = await this.all(ref, seal, which);
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
   * The turns of a session's current path as they were said, each with its correction; failed ones left out. Undefined if there is none, or it is not active.
   * @param which the turn that the path leads to, if it is not the current one
   * @throws StoreUnavailable, SealBroken
   */
  async said(
    ref: SessionRef,
    which: Which = {},
  ): Promise<{ head: SessionHead; notes: Notes; turns: readonly SaidTurn[] } | undefined> {
    const view = await this.path(ref, which);
    if (view?.head.state !== 'active') return undefined;
    const all = new Map(view.all.map((each) => [each.turn.id, each]));
    const path = pathTo(which.turn ?? view.head.head, all);
    const correctionOf = correctionsIn(all);
    const turns = path.filter(({ turn }) => turn.status !== 'failed' && turn.supersedes === '');
    return {
      head: view.head,
      notes: view.notes,
      turns: turns.map((each) => {
        const correction = correctionOf(each.turn);
        return correction ? { ...each, correction } : each;
      }),
    };
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
