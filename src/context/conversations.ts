import { hash } from 'node:crypto';
import type { ContextConfig } from '../config/schema/index.ts';
import type { ContextFacts } from '../contracts/exchange.ts';
import type { Message } from '../contracts/model-request.ts';
import type { Reserved, SessionHead, SessionRef, Sessions, StoredSummary } from '../contracts/session.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { randomHex } from '../lib/request-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Ask, lockedAt } from './ask.ts';
import { digestOf, firstHash, rolling, tokensOf } from './canonical.ts';
import { LiveTurn } from './live-turn.ts';
import { locate } from './locate.ts';
import type { ContextMeters } from './meters.ts';
import { OpenedSessions, openTurn } from './opened-sessions.ts';
import { Openers } from './openers.ts';
import { OperationLog } from './operation-log.ts';
import { arrange, type OpenedTurn, pathTo, type Results, resultsIn } from './path.ts';
import type { ContextMind, ContextPrivacy, OpenSummary, PathTurn, PromptInput, TenantSeal } from './ports.ts';
import { WriteBehind } from './write-behind.ts';

export interface ConversationsPorts {
  readonly sessions: Sessions;
  readonly mind: ContextMind;
  readonly privacy: ContextPrivacy;
  readonly meters: ContextMeters;
  readonly log: Logger;
  readonly clock: { wall(): number; monotonic(): number };
  /** The `context` of the config that serves. */
  readonly settings: () => ContextConfig;
}

export type Recalled =
  | { readonly kind: 'turn'; readonly turn: LiveTurn }
  | { readonly kind: 'replay'; readonly facts: ContextFacts; readonly stored: OpenedTurn }
  /** The store is away, and the client sent all that is needed. */
  | { readonly kind: 'degraded'; readonly facts: ContextFacts };

/** Longest that a turn waits for one before it that the store has not taken yet, in milliseconds. */
const BEHIND_MS = 2000;
const PAGE = 1000;

/** What the gateway remembers of conversations, for who carries their turns. */
export class Conversations {
  readonly ports: ConversationsPorts;
  readonly behind: WriteBehind;
  readonly operations: OperationLog;
  readonly opened = new OpenedSessions();
  readonly #openers = new Openers();

  constructor(ports: ConversationsPorts) {
    this.ports = ports;
    this.behind = new WriteBehind(ports.sessions, ports.meters, ports.log);
    this.operations = new OperationLog(ports.log, ports.meters);
  }

  get settings(): ContextConfig {
    return this.ports.settings();
  }

  /**
   * Reads what a turn needs of its conversation, and announces it.
   * @throws GatewayError `session_unknown`, `conversation_locked`, `context_unavailable`, `tool_results_unmatched`
   */
  async open(ask: Ask): Promise<Recalled> {
    const began = this.ports.clock.monotonic();
    const { ref, messages } = ask;
    const isFull =
      ask.follows === undefined && (ask.mode === 'full' || (ask.mode === 'auto' && isWholeLog(messages)));
    const facts: ContextFacts = {
      session: ref.session,
      status: 'hit',
      mode: isFull ? 'full' : 'delta',
      cause: '',
      base: 0,
      version: -1,
      turn: randomHex(12),
      staleBase: false,
      tokens: 0,
      readMs: 0,
      commitMs: 0,
    };
    try {
      const recalled = await this.#open(ask, facts, isFull);
      facts.readMs = this.ports.clock.monotonic() - began;
      return recalled;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      facts.status = 'degraded';
      facts.cause = 'store_down';
      this.ports.meters.turn(facts, 0);
      this.ports.meters.operation('read', 'store_down');
      if (isFull && this.settings.onStoreDown === 'degrade') return { kind: 'degraded', facts };
      throw new GatewayError('context_unavailable', { cause: error, headers: { 'retry-after': '1' } });
    }
  }

  async #open(ask: Ask, facts: ContextFacts, isFull: boolean): Promise<Recalled> {
    const { ref } = ask;
    const { sessions, privacy } = this.ports;
    const { lease, ttl, maxAge, onConflict } = this.settings;
    if (this.behind.has(ref) && !(await within(this.behind.flush(), BEHIND_MS)))
      throw new StoreUnavailable('a turn of this conversation waits for the store');
    const given = privacy.of(ref.tenant);
    const seal = given instanceof Promise ? await given : given;
    const key = ask.key === '' ? '' : this.#secret(ref.tenant, ask.key);
    const isExclusive = ask.exclusive || ask.ifVersion !== undefined || onConflict === 'reject';
    const reserved = await sessions.reserve(ref, {
      turn: facts.turn,
      owner: this.ownerOf(ref.tenant, ask.user),
      key,
      exclusive: isExclusive && ask.follows === undefined,
      ifVersion: ask.ifVersion,
      seenVersion: ask.seenVersion,
      create: ask.create,
      turns: isFull ? 'summarized' : 'always',
      known: this.opened.known(ref),
      leaseMs: lease,
      ttlMs: ttl,
      maxAgeMs: maxAge,
    });
    if (reserved.kind === 'replay') {
      Object.assign(facts, { status: 'replay', base: reserved.head.version, version: reserved.turn.version });
      this.ports.meters.turn(facts, reserved.head.tokens);
      return { kind: 'replay', facts, stored: openTurn(reserved.turn, seal) };
    }
    if (reserved.kind !== 'reserved') throw refusalOf(reserved);
    const turn = new LiveTurn(this, ask, facts, reserved, seal, key, isExclusive);
    try {
      await this.#recall(turn, isFull);
    } catch (error) {
      await turn.release();
      throw error;
    }
    this.#noteOpener(turn);
    this.ports.meters.turn(facts, reserved.head.tokens);
    return { kind: 'turn', turn };
  }

  /** Finds out where the turn stands, and what goes before it. */
  async #recall(turn: LiveTurn, isFull: boolean): Promise<void> {
    const { ask, facts, reserved, seal } = turn;
    const { head, isNew, reset, from, turns } = reserved;
    facts.base = head.version;
    if (reset !== '') Object.assign(facts, { status: 'reset', cause: reset });
    else if (isNew || head.version === 0) facts.status = 'new';
    const all = this.opened.take(ask.ref, head, from, turns, seal);
    const seed = this.seedOf(ask.ref.tenant);
    if (isFull) await this.#placeLog(turn, seed);
    else {
      turn.parent = ask.follows ?? head.head;
      turn.isBranch = ask.follows !== undefined;
      turn.baseHash = turn.parent === head.head ? head.hash || (head.count === 0 ? seed : '') : '';
      turn.baseCount = head.count;
    }
    let summary = summaryOf(reserved.summary, seal);
    let path = pathTo(turn.parent, all);
    const needsPath = !isFull || head.epoch > 0;
    if (needsPath && !isWhole(path, turn.parent, reserved.summary)) {
      const { turns: every } = await this.#readAll(ask.ref, seal);
      path = pathTo(turn.parent, every);
      summary = undefined;
      if (ask.follows !== undefined && !every.has(ask.follows)) throw new GatewayError('session_unknown');
    } else if (summary) {
      const { covered } = summary;
      path = path.filter((each) => each.turn.version > covered);
    }
    if (turn.isBranch && !isFull) {
      turn.baseHash = path.at(-1)?.turn.hash ?? (turn.parent === '' ? seed : '');
      turn.baseCount = path.reduce((sum, each) => sum + each.turn.digests.length, 0);
    }
    const { turns: arranged, open } = arrange(path);
    const results: Results = isFull ? turn.resultsInLog() : resultsIn(turn.fresh, open);
    if (results.kind === 'unmatched')
      throw new GatewayError('tool_results_unmatched', { detail: `It is about the call ${results.id}.` });
    if (results.kind === 'answered') turn.resolves = results.turn;
    const call = results.kind === 'answered' ? results.call : undefined;
    turn.input = {
      ref: ask.ref,
      head,
      model: ask.model,
      summary,
      turns: call && !isFull ? [...arranged, pathTurnOf(call, path)] : arranged,
      fresh: turn.fresh,
      system: ask.system,
      otherTokens: ask.otherTokens,
      window: ask.window,
      isFull,
      covered: () => this.#covered(ask.ref, seal, turn.parent, summary?.covered ?? 0),
    } satisfies PromptInput;
    const shaped = this.ports.mind.prompt(turn.input);
    turn.shape = shaped instanceof Promise ? await shaped : shaped;
    facts.tokens = turn.shape.turns.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** Where a log that was sent whole goes on from what is stored. */
  async #placeLog(turn: LiveTurn, seed: string): Promise<void> {
    const { ask, facts, reserved, seal } = turn;
    const { head } = reserved;
    const { messages } = ask;
    const hashes = [seed];
    for (const message of messages) hashes.push(rolling(hashes.at(-1) as string, [message]));
    const place = (parent: string, count: number): void => {
      turn.parent = parent;
      turn.fresh = messages.slice(count);
      turn.baseHash = hashes[count] as string;
      turn.baseCount = count;
    };
    if (head.count <= messages.length && (head.count === 0 || hashes[head.count] === head.hash)) {
      place(head.head, head.count);
      if (turn.fresh.length > 0 || head.count === 0) return;
    }
    const { turns } = await this.#readAll(ask.ref, seal);
    const found = locate(messages, seed, turns.values());
    place(found.parent, found.count);
    if (found.parent === head.head) return;
    turn.isBranch = true;
    if (facts.status === 'hit') Object.assign(facts, { status: 'forked', cause: 'hash_mismatch' });
  }

  /** All turns of a session, opened. @throws StoreUnavailable */
  async #readAll(
    ref: SessionRef,
    seal: TenantSeal,
  ): Promise<{
    head: SessionHead | undefined;
    turns: ReadonlyMap<string, OpenedTurn>;
    summary?: StoredSummary;
  }> {
    const turns = new Map<string, OpenedTurn>();
    let head: SessionHead | undefined;
    let summary: StoredSummary | undefined;
    for (let after = 0; ; after += PAGE) {
      const view = await this.ports.sessions.read(ref, { after, limit: PAGE });
      head ??= view?.head;
      summary ??= view?.summary;
      for (const turn of view?.turns ?? []) turns.set(turn.id, openTurn(turn, seal));
      if ((view?.turns.length ?? 0) < PAGE) return { head, turns, ...(summary && { summary }) };
    }
  }

  async #covered(
    ref: SessionRef,
    seal: TenantSeal,
    parent: string,
    covered: number,
  ): Promise<readonly PathTurn[]> {
    const { turns } = await this.#readAll(ref, seal);
    return arrange(pathTo(parent, turns)).turns.filter(({ turn }) => turn.version <= covered);
  }

  /**
   * A session's current path, opened, with the summary in force. Undefined if nothing is known of it.
   * @throws StoreUnavailable
   */
  async path(ref: SessionRef): Promise<
    | {
        head: SessionHead;
        summary: OpenSummary | undefined;
        turns: readonly PathTurn[];
        all: readonly OpenedTurn[];
      }
    | undefined
  > {
    const seal = await this.ports.privacy.of(ref.tenant);
    const { head, turns, summary } = await this.#readAll(ref, seal);
    if (!head) return undefined;
    const path = pathTo(head.head, turns);
    return {
      head,
      summary: summaryOf(summary, seal),
      turns: arrange(path).turns,
      all: [...turns.values()],
    };
  }

  /** For who belongs to no session: that its client has left the id away. */
  noteStateless(tenant: string, user: string, messages: readonly Message[]): boolean {
    const opener = this.#openerOf(tenant, user, messages);
    const dropped = isWholeLog(messages) && opener !== undefined && this.#openers.other(opener, '');
    if (dropped) this.ports.meters.turn({ status: 'new', cause: 'client_dropped_id' }, 0);
    return dropped;
  }

  /** How the end user stands in the store: by digest. */
  ownerOf(tenant: string, user: string): string {
    return user === '' ? '' : this.#secret(tenant, `user ${user}`).slice(0, 32);
  }

  seedOf(tenant: string): string {
    return firstHash(this.settings.privacy.encryptWith, tenant);
  }

  /** A message's digest, and what a stored turn says of several. */
  digests(tenant: string, messages: readonly Message[]): string[] {
    const seed = this.seedOf(tenant);
    return messages.map((message) => digestOf(seed, message));
  }

  tokens(messages: readonly Message[]): number {
    return tokensOf(messages);
  }

  /** Forgets all that was said in a session. False: there was nothing. @throws StoreUnavailable */
  async erase(ref: SessionRef): Promise<boolean> {
    const erased = await this.ports.sessions.erase(ref);
    this.opened.forget(ref);
    const outcome = erased ? 'erased' : 'nothing';
    this.operations.note({ op: 'erase', tenant: ref.tenant, user: '', session: ref.session, outcome });
    return erased;
  }

  /**
   * Takes what was said out of a turn; its place in the conversation stays. False: it is not there.
   * @throws StoreUnavailable
   */
  async deleteTurn(ref: SessionRef, version: number): Promise<boolean> {
    const { sessions, privacy } = this.ports;
    const [turn] = (await sessions.read(ref, { after: version - 1, limit: 1 }))?.turns ?? [];
    if (!turn) return false;
    const seal = await privacy.of(ref.tenant);
    const nothing = {
      ...turn,
      opens: false,
      tokens: 0,
      content: seal.seal(JSON.stringify({ messages: [] })),
    };
    const done = await sessions.redact(ref, version, turn.content, nothing);
    this.opened.forget(ref);
    const { tenant, session } = ref;
    const outcome = done ? 'deleted' : 'conflict';
    this.operations.note({ op: 'redact', tenant, user: '', session, turn: turn.id, version, outcome });
    return done;
  }

  /** Forgets all sessions of an end user. @returns how many there were */
  async eraseUser(tenant: string, user: string): Promise<number> {
    const owner = this.ownerOf(tenant, user);
    let erased = 0;
    let after: string | undefined;
    do {
      const page = await this.ports.sessions.list(tenant, { owner, after, limit: PAGE });
      for (const { session } of page.sessions) if (await this.erase({ tenant, session })) erased++;
      after = page.next;
    } while (after !== undefined);
    return erased;
  }

  /**
   * Puts a person's words in the place of what a turn said; the turn itself stays as it was.
   * @returns the correction's version; undefined if there is no such session or turn
   */
  async correct(
    ref: SessionRef,
    { turn, text, author, reason }: { turn: string; text: string; author: string; reason: string },
  ): Promise<number | undefined> {
    const { sessions, privacy } = this.ports;
    const view = await this.path(ref);
    const corrected = view?.all.find((each) => each.turn.id === turn);
    if (view?.head.state !== 'active' || !corrected) return undefined;
    const said: Message = { role: 'assistant', at: '', content: [{ type: 'text', at: '', text }] };
    const asked = corrected.content.messages.filter(({ role }) => role === 'user');
    const messages = privacy.redact([...asked, said]);
    const seal = await privacy.of(ref.tenant);
    const committed = await sessions.commit(ref, {
      turn: {
        id: randomHex(12),
        kind: 'correction',
        status: 'complete',
        format: '',
        model: '',
        provider: '',
        upstreamModel: '',
        finishReason: '',
        tokens: tokensOf(messages),
        tokensIn: -1,
        tokensOut: -1,
        digests: [],
        request: '',
        opens: false,
        resolves: '',
        supersedes: turn,
        author,
        reason,
        journey: '',
        content: seal.seal(JSON.stringify({ messages })),
      },
      key: '',
      fence: 0,
      generation: view.head.generation,
      base: view.head.version,
      mode: 'merge',
      parent: view.head.head,
      hash: view.head.hash,
      count: view.head.count,
      ttlMs: this.settings.ttl,
      maxAgeMs: this.settings.maxAge,
    });
    const { tenant, session } = ref;
    this.operations.note({
      op: 'correct',
      tenant,
      user: view.head.owner,
      session,
      turn,
      outcome: committed.kind,
    });
    return committed.kind === 'committed' ? committed.version : undefined;
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.behind.close();
  }

  #noteOpener({ ask, facts }: LiveTurn): void {
    const { ref, user, messages } = ask;
    const opener = this.#openerOf(ref.tenant, user, messages);
    if (opener === undefined) return;
    if (facts.status !== 'new') return;
    if (isWholeLog(messages) && this.#openers.other(opener, ref.session)) facts.cause = 'new_id_same_opener';
    this.#openers.note(opener, ref.session);
  }

  #openerOf(tenant: string, user: string, messages: readonly Message[]): string | undefined {
    const first = messages.find(({ role }) => role === 'user');
    return first && digestOf(`${this.seedOf(tenant)}${user}`, first);
  }

  #secret(tenant: string, text: string): string {
    return hash('sha256', `${this.settings.privacy.encryptWith}\n${tenant}\n${text}`);
  }
}

/** Whether a client sent all of the conversation: what the assistant said is among it. */
export const isWholeLog = (messages: readonly Message[]): boolean =>
  messages.some(({ role }) => role === 'assistant');

/** The call that the new messages answer, where it has to stand: last. */
function pathTurnOf(call: Message, path: readonly OpenedTurn[]): PathTurn {
  const { turn } = path.at(-1) as OpenedTurn;
  return { turn: { ...turn, kind: 'items' }, messages: [call], system: undefined, tokens: tokensOf([call]) };
}

/** Whether a path reaches back to where its summary takes over, or to its beginning. */
function isWhole(path: readonly OpenedTurn[], to: string, summary: StoredSummary | undefined): boolean {
  const [first] = path;
  if (!first) return to === (summary?.coveredTurn ?? '');
  if (first.turn.parent === (summary?.coveredTurn ?? '')) return true;
  return path.some(({ turn }) => turn.id === summary?.coveredTurn);
}

function summaryOf(summary: StoredSummary | undefined, seal: TenantSeal): OpenSummary | undefined {
  if (!summary) return undefined;
  const { epoch, covered, tokens, content } = summary;
  return { epoch, covered, tokens, content: seal.open(content) };
}

function refusalOf(reserved: Exclude<Reserved, { kind: 'reserved' | 'replay' }>): GatewayError {
  if (reserved.kind === 'unknown') return new GatewayError('session_unknown');
  const waitMs = reserved.kind === 'version' ? 0 : Math.min(reserved.retryAfterMs, 1000);
  return lockedAt(reserved.version, waitMs);
}

async function within(work: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
