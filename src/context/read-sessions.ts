import type {
  ReadOptions,
  SessionHead,
  SessionRef,
  Sessions,
  SessionView,
  StoredSummary,
} from '../contracts/session.ts';
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
