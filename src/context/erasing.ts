import type {
  SessionHead,
  SessionPlace,
  SessionRef,
  Sessions,
  StoredTurn,
  TurnContent,
} from '../contracts/session.ts';
import { Answering } from './answering.ts';
import { lockedAt } from './ask.ts';
import type { Whose } from './commit-anew.ts';
import { answerIn, askedIn, correctionsOf } from './corrections.ts';
import { type OpenedSessions, openTurn } from './opened-sessions.ts';
import type { OperationLog } from './operation-log.ts';
import { sessionRow, turnRow } from './operation-rows.ts';
import { ownersOf } from './owner.ts';
import type { OpenedTurn } from './path.ts';
import type { ContextMind, ContextPrivacy, TenantSeal } from './ports.ts';
import { messageTokens } from './prompt/tokens.ts';
import type { WriteBehind } from './write-behind.ts';

export interface ErasingPorts {
  readonly sessions: Sessions;
  readonly privacy: ContextPrivacy;
  readonly mind: Pick<ContextMind, 'forget'>;
  readonly opened: OpenedSessions;
  readonly behind: Pick<WriteBehind, 'erase'>;
  readonly operations: OperationLog;
}

/** What was erased of a consumer. */
export interface ErasedTenant {
  readonly sessions: number;
  /** Whether there was a key, which no copy can be read without. */
  readonly key: boolean;
}

/** What is to stay of a turn. */
export interface Left {
  readonly content: TurnContent;
  /** Whether the words that a person has put in the place of its answer stay, too. */
  readonly keepsCorrection: boolean;
}

const PAGE = 1000;
/** How often a turn that others take something out of is read again. */
const TRIES = 8;
/** Listed at a time: a thousand take Redis 100 to 170 ms, and it has 50. */
const SESSIONS = 100;

/** Takes out of conversations what was said in them: in the store, in what this process has still to write, and in its memory. */
export class Erasing {
  /** Whoever has a turn in hand is told here what is erased meanwhile. */
  readonly answering = new Answering();
  readonly #ports: ErasingPorts;

  constructor(ports: ErasingPorts) {
    this.#ports = ports;
  }

  /**
   * Forgets all that was said in a session. Where it fails nothing is dropped that waits.
   * @param owner the digest of whose it has to be; undefined: whosever it is
   * @returns false if there was nothing
   * @throws StoreUnavailable
   */
  async session(ref: SessionRef, owner?: string): Promise<boolean> {
    const isMeant = ({ tenant, session }: SessionRef, whose: Whose): boolean =>
      tenant === ref.tenant && session === ref.session && (owner ?? whose.owner) === whose.owner;
    const { erased, unwritten } = await this.#alsoUnwritten(isMeant, async () => {
      const view = await this.#ports.sessions.read(ref, { limit: 0, owner });
      if (owner === undefined) return this.#erase(ref, view?.head);
      // What is somebody else's stays.
      return view ? this.#eraseLife(ref, view.head, [owner]) : false;
    });
    return erased || unwritten.size > 0;
  }

  /** Erases in the store, and what waits for it. @returns `unwritten`: names of the sessions of which something waited */
  async #alsoUnwritten<Erased>(
    isMeant: (ref: SessionRef, whose: Whose) => boolean,
    inStore: () => Promise<Erased>,
  ): Promise<{ erased: Erased; unwritten: Set<string> }> {
    const { behind, operations } = this.#ports;
    const began = operations.now();
    const answered = this.answering.of(isMeant);
    const { erased, dropped } = await behind.erase(isMeant, async () => {
      const done = await inStore();
      // As long as nothing of theirs is written: what the store has lost they would begin anew.
      for (const turn of answered) turn.isErased = true;
      return done;
    });
    const unwritten = new Set<string>();
    for (const { ref, owner: user } of dropped) {
      this.forget(ref);
      const { tenant, session } = ref;
      if (unwritten.has(session)) continue;
      unwritten.add(session);
      const duration_ms = operations.since(began);
      operations.note({ op: 'erase', tenant, user, session, duration_ms, outcome: 'unwritten' });
    }
    return { erased, unwritten };
  }

  /**
   * @param head as it was last read; undefined: nothing is known of it
   * @param isNobodys whose it was nobody will be able to tell
   */
  #erase(ref: SessionRef, head: SessionHead | undefined, isNobodys = false): Promise<boolean> {
    return this.#eraseAs('erased', ref, head, () => this.#ports.sessions.erase(ref, undefined, isNobodys));
  }

  /**
   * The life of a session that was seen to be theirs. Where it has ended meanwhile the one that follows goes only if that is
   * theirs, too: an id may be begun anew by somebody else.
   */
  async #eraseLife(ref: SessionRef, head: SessionHead, owners: readonly string[]): Promise<boolean> {
    const { sessions } = this.#ports;
    const { generation } = head;
    if (await this.#eraseAs('erased', ref, head, () => sessions.erase(ref, generation))) return true;
    const now = (await sessions.read(ref, { limit: 0 }))?.head;
    const isNext = now?.state === 'active' && now.generation !== generation && owners.includes(now.owner);
    return isNext ? this.#eraseLife(ref, now, owners) : false;
  }

  /** Nobody can open what was said in this life of a session any more: makes it known that it is erased. */
  async unreadable(ref: SessionRef, head: SessionHead): Promise<void> {
    await this.#eraseAs('unreadable', ref, head, () => this.#ports.sessions.erase(ref, head.generation));
  }

  async #eraseAs(
    what: 'erased' | 'unreadable',
    ref: SessionRef,
    head: SessionHead | undefined,
    erase: () => Promise<boolean>,
  ): Promise<boolean> {
    const { operations } = this.#ports;
    const began = operations.now();
    const erased = await erase().finally(() => this.forget(ref));
    const { tenant, session } = ref;
    const about = head ? sessionRow(ref, head) : { tenant, session };
    const outcome = erased ? what : 'nothing';
    operations.note({ op: 'erase', ...about, duration_ms: operations.since(began), outcome });
    return erased;
  }

  /** What this process holds of it in the clear. */
  forget(ref: SessionRef): void {
    this.answering.forgotten(ref);
    this.letGo(ref);
  }

  /** The same, of a turn that has been told: of the others in hand those that need to know have been, too. */
  letGo(ref: SessionRef): void {
    this.#ports.opened.forget(ref);
    this.#ports.mind.forget(ref);
  }

  /** Forgets all sessions of an end user. @returns how many there were. @throws StoreUnavailable */
  async user(tenant: string, user: string): Promise<number> {
    const seal = await this.#ports.privacy.of(tenant);
    return (await this.#all(tenant, ownersOf(seal, tenant, user))).size;
  }

  /**
   * Forgets all sessions of a consumer, and destroys the key that they were sealed with: no copy of what they said can be read
   * either. Another replica may hold the key for some seconds more, and begin a session with it: that will end as erased.
   * @throws StoreUnavailable
   */
  async tenant(tenant: string): Promise<ErasedTenant> {
    const { privacy, operations } = this.#ports;
    const began = operations.now();
    const before = await this.#all(tenant, undefined);
    const key = await privacy.destroy(tenant);
    // Those that began meanwhile.
    const meanwhile = await this.#all(tenant, undefined);
    const outcome = key ? 'key_destroyed' : 'no_key';
    operations.note({ op: 'erase', tenant, duration_ms: operations.since(began), outcome });
    return { sessions: before.union(meanwhile).size, key };
  }

  /**
   * Takes what was said out of a turn, and out of what stands in its place; the place itself stays. False: it is not there.
   * @param gone what is still known of its items
   * @throws GatewayError `conversation_locked`; StoreUnavailable
   */
  turn(
    ref: SessionRef,
    version: number,
    gone: (turn: OpenedTurn) => NonNullable<TurnContent['gone']> = () => [],
  ): Promise<boolean> {
    return this.part(ref, version, (turn) => ({
      content: { messages: [], gone: gone(turn) },
      keepsCorrection: false,
    }));
  }

  /**
   * Takes a part out of what a turn says, and out of its corrections, which repeat what it was asked with.
   * @param left what is to stay of it; undefined: nothing is to be changed
   * @returns false if there was nothing to take
   * @throws GatewayError `conversation_locked` where others change it all the time; StoreUnavailable
   */
  async part(
    ref: SessionRef,
    version: number,
    left: (turn: OpenedTurn) => Left | undefined,
  ): Promise<boolean> {
    const seal = await this.#ports.privacy.of(ref.tenant);
    // Whoever takes another part out of it meanwhile is waited for: the words are to go.
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const done = await this.#take(ref, version, left, seal);
      if (done !== 'held up') return done;
    }
    throw lockedAt(version, 0);
  }

  async #take(
    ref: SessionRef,
    version: number,
    left: (turn: OpenedTurn) => Left | undefined,
    seal: TenantSeal,
  ): Promise<boolean | 'held up'> {
    const {
      owner,
      turns: [turn, ...later],
    } = await this.#turnsFrom(ref, version);
    const rest = turn && left(openTurn(turn, seal));
    if (!turn || !rest) return false;
    const { messages } = rest.content;
    const exchange = (each: StoredTurn, content: TurnContent) =>
      this.#exchange(ref, owner, each, content, seal);
    const takeOutOf = async (corrections: readonly StoredTurn[]): Promise<boolean> => {
      for (const each of corrections) {
        const said = rest.keepsCorrection ? answerIn(openTurn(each, seal).content.messages) : [];
        if (!(await exchange(each, { messages: [...askedIn(messages), ...said] }))) return false;
      }
      return true;
    };
    // The turn itself comes last: as long as it says all of it whoever was held up can try again.
    if (!(await takeOutOf(correctionsOf(turn, later)))) return 'held up';
    if (!(await exchange(turn, rest.content))) return 'held up';
    // And what somebody has made of it meanwhile: from here on nobody can.
    const known = new Set(later.map(({ id }) => id));
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const { turns: now } = await this.#turnsFrom(ref, version);
      const made = correctionsOf(turn, now.slice(1)).filter(({ id }) => !known.has(id));
      if (await takeOutOf(made)) return true;
    }
    throw lockedAt(version, 0);
  }

  async #turnsFrom(ref: SessionRef, version: number): Promise<{ owner: string; turns: StoredTurn[] }> {
    const turns: StoredTurn[] = [];
    let owner = '';
    for (let after = version - 1; ; after += PAGE) {
      const view = await this.#ports.sessions.read(ref, { after, limit: PAGE });
      owner = view?.head.owner ?? '';
      turns.push(...(view?.turns ?? []));
      if ((view?.turns.length ?? 0) < PAGE) return { owner, turns };
    }
  }

  async #exchange(
    ref: SessionRef,
    user: string,
    turn: StoredTurn,
    content: TurnContent,
    seal: TenantSeal,
  ): Promise<boolean> {
    const { sessions, operations } = this.#ports;
    const began = operations.now();
    const { version } = turn;
    const last = content.messages.at(-1);
    const calls = last?.role === 'assistant' && last.content.some(({ type }) => type === 'tool-call');
    const rest = {
      ...turn,
      opens: turn.opens && calls,
      tokens: messageTokens(content.messages),
      content: seal.seal(JSON.stringify(content)),
    };
    // It may be done also where nobody says so.
    const done = await sessions.redact(ref, version, turn.content, rest).finally(() => this.forget(ref));
    const outcome = done ? 'deleted' : 'conflict';
    const duration_ms = operations.since(began);
    operations.note({ op: 'redact', ...turnRow(ref, user, turn, version), duration_ms, outcome });
    return done;
  }

  /** @param owners digests of an end user; undefined: whoever it is. @returns names of the sessions that were erased */
  async #all(tenant: string, owners: readonly string[] | undefined): Promise<Set<string>> {
    const isMeant = (ref: SessionRef, whose: Whose): boolean =>
      ref.tenant === tenant && (owners === undefined || isTheirs(whose, owners));
    const { erased, unwritten } = await this.#alsoUnwritten(isMeant, () => this.#allStored(tenant, owners));
    return erased.union(unwritten);
  }

  async #allStored(tenant: string, owners: readonly string[] | undefined): Promise<Set<string>> {
    const erased = new Set<string>();
    // With a consumer's key the digests of its users go: none of them would be told that what they said is gone.
    const isNobodys = owners === undefined;
    const erase = (ref: SessionRef, head: SessionHead): Promise<boolean> =>
      owners ? this.#eraseLife(ref, head, owners) : this.#erase(ref, head, isNobodys);
    for (const owner of owners ?? [undefined]) {
      let after: SessionPlace | undefined;
      do {
        const page = await this.#ports.sessions.list(tenant, { owner, after, limit: SESSIONS });
        for (const { session, head } of page.sessions) {
          const ref = { tenant, session };
          if (head.state !== 'erased') {
            if (await erase(ref, head)) erased.add(session);
          } else if (isNobodys && head.owner !== '') {
            // Whose what was erased before had been goes as well: no erasure to be told.
            await this.#ports.sessions.erase(ref, undefined, true);
          }
        }
        after = page.next;
      } while (after !== undefined);
    }
    return erased;
  }
}

/** Of a session that belongs to nobody all is theirs in which they have spoken. */
const isTheirs = ({ owner, speaker }: Whose, digests: readonly string[]): boolean =>
  digests.includes(owner === '' ? speaker() : owner);
