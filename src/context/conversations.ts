import type { ContextConfig } from '../config/schema/index.ts';
import type { ContextFacts } from '../contracts/exchange.ts';
import type { Message } from '../contracts/model-request.ts';
import type { Reserved, SessionHead, SessionRef, Sessions } from '../contracts/session.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { onDemand } from '../lib/on-demand.ts';
import { randomHex } from '../lib/request-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AppendingPorts } from './append-turn.ts';
import { type Ask, isLocked, lockedAt, type Opening } from './ask.ts';
import { formerSeedsOf, seedOf } from './canonical.ts';
import { type ComingTurn, tellRefused } from './coming-turn.ts';
import { type Correction, correct } from './correct.ts';
import { Erasing } from './erasing.ts';
import { GiveBack } from './give-back.ts';
import { isAnswerTo } from './is-answer-to.ts';
import type { KnownLog } from './known-log.ts';
import { LiveTurn } from './live-turn.ts';
import type { ContextMeters } from './meters.ts';
import { OpenedSessions, openTurn, withSummary } from './opened-sessions.ts';
import { Openers } from './openers.ts';
import type { OperationLog } from './operation-log.ts';
import { sessionRow, turnRow } from './operation-rows.ts';
import { ownersOf, requestKeyOf } from './owner.ts';
import { type OpenedTurn, pathTo } from './path.ts';
import type { ContextMind, ContextPrivacy, TenantSeal } from './ports.ts';
import { isDestroyed, SealBroken } from './privacy/seal-broken.ts';
import { putItems } from './put-items.ts';
import { SessionReader } from './read-sessions.ts';
import { TurnRecall } from './recall-turn.ts';
import { Unsure } from './unsure.ts';
import { WriteBehind } from './write-behind.ts';

export interface ConversationsPorts {
  readonly sessions: Sessions;
  readonly mind: ContextMind;
  readonly privacy: ContextPrivacy;
  readonly meters: ContextMeters;
  readonly operations: OperationLog;
  readonly log: Logger;
  readonly clock: { wall(): number; monotonic(): number };
  /** The `context` of the config that serves. */
  readonly settings: () => ContextConfig;
}

export type Recalled =
  | { readonly kind: 'turn'; readonly turn: LiveTurn }
  | { readonly kind: 'replay'; readonly facts: ContextFacts; readonly stored: OpenedTurn }
  /** The store is away, and the client sent all that is needed. */
  | { readonly kind: 'degraded'; readonly facts: ContextFacts }
  /** The store is away, and without it the call can't be answered: `error` is `context_unavailable`. */
  | { readonly kind: 'unavailable'; readonly facts: ContextFacts; readonly error: GatewayError };

/** What the gateway remembers of conversations, for who carries their turns. */
export class Conversations {
  readonly ports: ConversationsPorts;
  readonly behind: WriteBehind;
  readonly giveBack: GiveBack;
  readonly operations: OperationLog;
  readonly reader: SessionReader;
  readonly erasing: Erasing;
  readonly #recall: TurnRecall;
  readonly #openers = new Openers();
  readonly opened = new OpenedSessions();
  readonly unsure = new Unsure();

  constructor(ports: ConversationsPorts) {
    const { sessions, privacy, mind, meters, log, clock, settings } = ports;
    this.ports = ports;
    this.operations = ports.operations;
    this.behind = new WriteBehind({ sessions, meters, operations: this.operations, log });
    this.giveBack = new GiveBack({ sessions, log, clock, settings });
    this.reader = new SessionReader(sessions, privacy);
    const { opened, reader, behind, operations } = this;
    this.erasing = new Erasing({ sessions, privacy, mind, opened, behind, operations });
    this.#recall = new TurnRecall({ reader, opened, mind });
  }

  get settings(): ContextConfig {
    return this.ports.settings();
  }

  /** The log that a client of this process sent last, all of it. */
  knownLog(ref: SessionRef): KnownLog | undefined {
    return this.opened.log(ref);
  }

  /**
   * Reads what a turn needs of its conversation, and announces it.
   * @param read what is said in it, once: while the store answers where a log of the conversation is known; of any other first,
   * since what can't be read must not begin one
   * @throws what `read` throws; GatewayError `session_unknown`, `conversation_locked`, `tool_results_unmatched`,
   * `idempotency_key_reused`
   */
  async open(opening: Opening, read: () => Ask): Promise<Recalled> {
    const { ref } = opening;
    const facts: ContextFacts = {
      session: ref.session,
      status: 'hit',
      mode: 'delta',
      cause: '',
      base: 0,
      version: -1,
      turn: randomHex(12),
      staleBase: false,
      tokens: 0,
      readMs: 0,
      commitMs: 0,
    };
    const asked = onDemand(() => {
      const ask = read();
      if (isFull(ask)) facts.mode = 'full';
      return ask;
    });
    if (this.opened.log(ref) === undefined) asked();
    const began = this.operations.now();
    const coming: ComingTurn = { opening, asked, facts, began, seal: undefined, key: '', isExclusive: false };
    try {
      const recalled = await this.#openReadable(coming);
      facts.readMs = this.operations.since(began);
      return recalled;
    } catch (error) {
      if (isLocked(error)) tellRefused(this.operations, coming, 'locked');
      if (!(error instanceof StoreUnavailable)) throw error;
      asked();
      facts.status = 'degraded';
      facts.cause = 'store_down';
      this.ports.meters.continuity(facts.status, facts.cause);
      tellRefused(this.operations, coming, 'store_down');
      const isAll = facts.mode === 'full' || opening.isInvented === true;
      if (isAll && this.settings.onStoreDown === 'degrade') return { kind: 'degraded', facts };
      const headers = { 'retry-after': '1', 'x-context-status': facts.status };
      const refusal = new GatewayError('context_unavailable', { cause: error, headers });
      return { kind: 'unavailable', facts, error: refusal };
    }
  }

  /** What nobody can open any more counts as erased. @throws StoreUnavailable also where the config has not the secret */
  async #openReadable(coming: ComingTurn): Promise<Recalled> {
    const { privacy, log } = this.ports;
    const { ref } = coming.opening;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#open(coming);
      } catch (error) {
        const broken = error instanceof UnreadableLife ? error.cause : error;
        if (!(broken instanceof SealBroken)) throw error;
        if (!isDestroyed(broken) || attempt === 3) {
          log.error({ err: broken }, 'what was said in a conversation can’t be opened');
          throw new StoreUnavailable('what was said can’t be opened', { cause: broken });
        }
        // Another replica may have made a key since this one has looked.
        if (attempt === 1) privacy.lookAgain(ref.tenant);
        else if (error instanceof UnreadableLife) await this.erasing.unreadable(ref, error.head);
      }
    }
  }

  async #open(coming: ComingTurn): Promise<Recalled> {
    const { opening, facts } = coming;
    const { ref } = opening;
    const { privacy } = this.ports;
    if (this.behind.has(ref)) await this.behind.written(ref);
    if (this.giveBack.has(ref)) await this.giveBack.tried(ref);
    const given = privacy.of(ref.tenant);
    const seal = given instanceof Promise ? await given : given;
    coming.seal = seal;
    const owners = ownersOf(seal, ref.tenant, opening.user);
    const known = this.opened.known(ref, owners);
    const reserving = this.#announce(coming, seal, owners, known);
    const { key, isExclusive } = coming;
    let ask: Ask;
    let reserved: Reserved;
    try {
      ask = coming.asked();
      reserved = await reserving;
    } catch (error) {
      await this.#letGo(reserving, ref, facts.turn, key);
      throw error;
    }
    if (reserved.kind === 'replay') return await this.#replay(reserved, ask, coming, seal);
    if (reserved.kind !== 'reserved') {
      if (reserved.kind !== 'unknown') facts.base = reserved.version;
      throw refusalOf(reserved);
    }
    const { head, isNew, reset } = reserved;
    if (isNew) this.#noteNew(coming, ask, head, reset || 'new');
    const turn = new LiveTurn(this, ask, facts, withSummary(reserved, known), seal, key, isExclusive);
    try {
      await this.#recall.recall(turn);
    } catch (error) {
      await turn.release();
      throw error instanceof SealBroken ? new UnreadableLife(reserved.head, error) : error;
    }
    turn.hold(this.settings.lease);
    this.#noteOpener(turn);
    return { kind: 'turn', turn };
  }

  #announce(
    coming: ComingTurn,
    seal: TenantSeal,
    [owner = '', ...formerOwners]: readonly string[],
    known: ReturnType<OpenedSessions['known']>,
  ): Promise<Reserved> {
    const { ref, key, exclusive, ifVersion, seenVersion, create, follows } = coming.opening;
    const { lease, ttl, maxAge, onConflict } = this.settings;
    coming.key = key === '' ? '' : requestKeyOf(seal, ref.tenant, key);
    coming.isExclusive = exclusive || ifVersion !== undefined || onConflict === 'reject';
    return this.ports.sessions.reserve(ref, {
      turn: coming.facts.turn,
      owner,
      formerOwners,
      key: coming.key,
      exclusive: coming.isExclusive && follows === undefined,
      ifVersion,
      seenVersion,
      create,
      known,
      leaseMs: lease,
      ttlMs: ttl,
      maxAgeMs: maxAge,
    });
  }

  /** What can't be read is no turn; and what the store did not answer it may have done. */
  async #letGo(reserving: Promise<Reserved>, ref: SessionRef, turn: string, key: string): Promise<void> {
    try {
      const { kind } = await reserving;
      if (kind === 'reserved') await this.giveBack.now(ref, turn, key);
    } catch (error) {
      this.giveBack.soon(ref, turn, key, error);
    }
  }

  async #replay(
    { head, turn }: Extract<Reserved, { kind: 'replay' }>,
    ask: Ask,
    { facts, began }: ComingTurn,
    seal: TenantSeal,
  ): Promise<Recalled> {
    const { ref } = ask;
    const seeds = [seedOf(seal, ref.tenant), ...formerSeedsOf(seal, ref.tenant)];
    const path = async () => pathTo(turn.parent, (await this.reader.all(ref, seal)).turns);
    try {
      const stored = openTurn(turn, seal);
      if (!(await isAnswerTo(stored, ask, seeds, path)))
        throw new GatewayError('idempotency_key_reused', { param: 'idempotency-key' });
      Object.assign(facts, { status: 'replay', base: head.version, version: turn.version, turn: turn.id });
      // Deleted meanwhile: there is no answer to give again.
      if (stored.content.messages.length === 0) throw new GatewayError('session_unknown');
      const { meters } = this.ports;
      meters.continuity(facts.status, facts.cause);
      meters.remembered(head.tokens);
      const about = turnRow(ref, head.owner, turn, turn.version);
      const duration_ms = this.operations.since(began);
      this.operations.note({ op: 'replay', ...about, duration_ms, outcome: 'given_again' });
      return { kind: 'replay', facts, stored };
    } catch (error) {
      throw error instanceof SealBroken ? new UnreadableLife(head, error) : error;
    }
  }

  /** Notes the session that a turn begins. */
  #noteNew({ facts, began }: ComingTurn, { ref, model }: Ask, head: SessionHead, outcome: string): void {
    const duration_ms = this.operations.since(began);
    const { turn } = facts;
    this.operations.note({ op: 'create', ...sessionRow(ref, head), turn, model, duration_ms, outcome });
  }

  /**
   * For who reads what was said, beyond a turn of its own.
   * @param began when, by `operations`
   */
  noteReading(op: 'read' | 'export', ref: SessionRef, head: SessionHead, began: number): void {
    const duration_ms = this.operations.since(began);
    this.operations.note({ op, ...sessionRow(ref, head), duration_ms, outcome: 'ok' });
  }

  /** For who opens a session without a turn: it belongs to nobody in particular. */
  noteCreated({ tenant, session }: SessionRef, began: number): void {
    const duration_ms = this.operations.since(began);
    const empty = { user: '', version: 0, tokens: 0 };
    this.operations.note({ op: 'create', tenant, session, ...empty, duration_ms, outcome: 'new' });
  }

  /** For who belongs to no session: that its client has left the id away. */
  noteStateless(tenant: string, user: string, messages: readonly Message[]): boolean {
    const opener = this.#openers.digest(tenant, user, messages);
    const dropped = isWholeLog(messages) && opener !== undefined && this.#openers.other(opener, '');
    if (dropped) this.ports.meters.continuity('new', 'client_dropped_id');
    return dropped;
  }

  /** @returns its version; undefined: there is no such session or turn. @throws GatewayError `conversation_locked`; StoreUnavailable */
  correct(ref: SessionRef, correction: Correction): Promise<number | undefined> {
    return correct(ref, correction, this.#appending());
  }

  /** @throws GatewayError `session_unknown`, `tool_results_unmatched`, `conversation_locked`; StoreUnavailable */
  putItems(ref: SessionRef, said: readonly Message[]): Promise<OpenedTurn> {
    return putItems(ref, said, this.#appending());
  }

  #appending(): AppendingPorts {
    const { sessions, privacy } = this.ports;
    const { reader, operations, settings, unsure } = this;
    return { sessions, privacy, reader, operations, settings, unsure };
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await this.behind.close();
    await this.giveBack.close();
  }

  #noteOpener({ ask, facts }: LiveTurn): void {
    if (facts.status !== 'new') return;
    const { ref, user } = ask;
    const messages = ask.tail ? ask.tail.whole() : ask.messages;
    const opener = this.#openers.digest(ref.tenant, user, messages);
    if (opener === undefined) return;
    if (isWholeLog(messages) && this.#openers.other(opener, ref.session)) facts.cause = 'new_id_same_opener';
    this.#openers.note(opener, ref.session);
  }
}

/** Whether a client sent all of the conversation: what the assistant said is among it, and is not the beginning of what it is to say. */
const isWholeLog = (messages: readonly Message[]): boolean =>
  messages.slice(0, -1).some(({ role }) => role === 'assistant');

const isFull = ({ follows, mode, messages, hasAnswers = isWholeLog(messages) }: Ask): boolean =>
  follows === undefined && (mode === 'full' || (mode === 'auto' && hasAnswers));

function refusalOf(reserved: Exclude<Reserved, { kind: 'reserved' | 'replay' }>): GatewayError {
  if (reserved.kind === 'unknown') return new GatewayError('session_unknown');
  const waitMs = reserved.kind === 'version' ? 0 : Math.min(reserved.retryAfterMs, 1000);
  return lockedAt(reserved.version, waitMs);
}

/** A life of a session with something in it that nobody can open. */
class UnreadableLife extends Error {
  readonly head: SessionHead;

  constructor(head: SessionHead, cause: SealBroken) {
    super('what was said in it can’t be opened', { cause });
    this.head = head;
  }
}
