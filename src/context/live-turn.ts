import type { ContextFacts } from '../contracts/exchange.ts';
import type { FormatName } from '../contracts/format.ts';
import type { AssistantPart, Message } from '../contracts/model-request.ts';
import type {
  CommitOptions,
  Committed,
  Reserved,
  Sessions,
  TurnContent,
  TurnDraft,
  TurnStatus,
} from '../contracts/session.ts';
import { randomHex } from '../lib/request-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AnsweredTurn } from './answering.ts';
import { type Ask, lockedAt } from './ask.ts';
import { digestOf, rolling, seedOf, wishesDigest } from './canonical.ts';
import type { Erasing } from './erasing.ts';
import type { GiveBack } from './give-back.ts';
import type { ContextMeters } from './meters.ts';
import type { OpenedSessions } from './opened-sessions.ts';
import type { OperationLog } from './operation-log.ts';
import { speakerOf } from './owner.ts';
import { lengthBefore, UNASKED, withTurnBefore } from './part-log.ts';
import type { ContextMind, ContextPrivacy, PromptInput, PromptShape, TenantSeal } from './ports.ts';
import { messageTokens } from './prompt/tokens.ts';
import { tellTurns } from './tell-turn.ts';
import { withSomething } from './with-something.ts';
import type { WriteBehind } from './write-behind.ts';

/** In the time of a lease, or of a conversation where that is shorter, how often a call that lives on renews both. */
const RENEWALS = 3;

/** What a turn needs of those who keep conversations. */
export interface TurnKeeper {
  readonly ports: {
    readonly sessions: Sessions;
    readonly mind: ContextMind;
    readonly privacy: ContextPrivacy;
    readonly meters: ContextMeters;
    readonly log: Logger;
    readonly clock: { wall(): number; monotonic(): number };
  };
  readonly behind: WriteBehind;
  readonly giveBack: Pick<GiveBack, 'now'>;
  readonly operations: OperationLog;
  readonly settings: { readonly ttl: number; readonly maxAge: number };
  readonly erasing: Pick<Erasing, 'letGo' | 'answering'>;
  readonly opened: Pick<OpenedSessions, 'noteLog'>;
}

/** How a turn came out. */
export interface TurnEnd {
  readonly status: TurnStatus;
  /** What the assistant said and called; empty = nothing. */
  readonly answer: readonly AssistantPart[];
  /** It was longer than what is kept of one: this is its beginning. */
  readonly isCut?: boolean;
  /** What its content says of the answer beside its words. */
  readonly about: Pick<TurnContent, 'itemIds' | 'answerId' | 'response'>;
  readonly format: FormatName;
  readonly provider: string;
  readonly upstreamModel: string;
  readonly finishReason: string;
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/** A turn that was announced and is being answered. It ends once: committed, or given back. */
export class LiveTurn {
  readonly ask: Ask;
  readonly facts: ContextFacts;
  readonly reserved: Extract<Reserved, { kind: 'reserved' }>;
  readonly seal: TenantSeal;
  /** What the client sends anew: of a log that it sent whole, the tail. */
  fresh: readonly Message[];
  /** Id of the turn that this one follows. */
  parent = '';
  isBranch = false;
  /** Id of the turn that broke off and in whose place this one stands. */
  inPlaceOf: string | undefined;
  baseHash = '';
  baseCount = 0;
  resolves = '';
  /** Of all that the client sent, where it sent all of it, and nobody said more at once. */
  logTokens: (() => number) | undefined;
  input: PromptInput | undefined;
  shape: PromptShape = { summary: '', system: [], turns: [], snippets: '', journey: '' };
  readonly #keeper: TurnKeeper;
  readonly #key: string;
  readonly #isExact: boolean;
  readonly #answered: AnsweredTurn;
  #end: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(
    keeper: TurnKeeper,
    ask: Ask,
    facts: ContextFacts,
    reserved: Extract<Reserved, { kind: 'reserved' }>,
    seal: TenantSeal,
    key: string,
    isExact: boolean,
  ) {
    this.#keeper = keeper;
    this.ask = ask;
    this.facts = facts;
    this.reserved = reserved;
    this.seal = seal;
    this.fresh = ask.messages;
    this.#key = key;
    this.#isExact = isExact;
    this.#answered = keeper.erasing.answering.begin(ask.ref, {
      owner: reserved.head.owner,
      speaker: speakerOf(seal, ask.ref.tenant, ask.user),
      facts,
      remembered: reserved.head.tokens,
    });
  }

  get id(): string {
    return this.facts.turn;
  }

  /** Versions that the conversation grows by with it. */
  get steps(): number {
    return this.#lengthBefore > 0 ? 2 : 1;
  }

  get #lengthBefore(): number {
    return this.isBranch && this.facts.mode === 'full' ? lengthBefore(this.fresh) : 0;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /**
   * That somebody answers stays known for as long as the call lives, and the conversation does not end meanwhile: of one that dies
   * it runs out.
   */
  hold(leaseMs: number): void {
    const everyMs = Math.min(leaseMs, this.#keeper.settings.ttl) / RENEWALS;
    this.#renewal = setInterval(() => void this.#renew(leaseMs), everyMs).unref();
  }

  async #renew(leaseMs: number): Promise<void> {
    const { ports, settings } = this.#keeper;
    const { sessions, log } = ports;
    try {
      const stands = await sessions.renew(this.ask.ref, this.id, this.#key, leaseMs, settings.ttl);
      if (!stands) clearInterval(this.#renewal);
    } catch (error) {
      log.debug({ err: error }, 'a reservation was not renewed: it is tried again before it runs out');
    }
  }

  /**
   * Makes the turn part of the conversation. Once: what comes later is the same end.
   * @throws GatewayError `conversation_locked` if another came between and turns are not merged, or answered the same request
   */
  commit(end: TurnEnd): Promise<void> {
    clearInterval(this.#renewal);
    // Behind what is told of it.
    this.#end ??= this.#commit(end).finally(() => setImmediate(this.#answered.end));
    return this.#end;
  }

  /** Gives the reservation back: the turn has not taken place, and is not measured. */
  async release(): Promise<void> {
    clearInterval(this.#renewal);
    this.#end ??= Promise.resolve().finally(this.#answered.end);
    await this.#keeper.giveBack.now(this.ask.ref, this.id, this.#key);
  }

  async #commit(end: TurnEnd): Promise<void> {
    const { ports, behind } = this.#keeper;
    const { ask, facts, reserved } = this;
    const began = ports.clock.monotonic();
    const before = this.#partLog(end);
    const answer: readonly Message[] =
      end.answer.length === 0 ? [] : [{ role: 'assistant', at: '', content: end.answer }];
    const messages = [...this.fresh, ...answer];
    // From here on nobody reads it as it was said.
    const told = ports.privacy.redact(messages.map(withSomething));
    const turn = this.#draft(end, messages, told);
    const isFailed = end.status === 'failed';
    const options: CommitOptions = {
      ...this.#placed(turn, messages),
      key: this.#key,
      // Whoever came between the two is merged with, and not thrown off; but not what an agent asked about something else.
      ...(before && {
        base: reserved.head.version + 1,
        inPlaceOf: ask.isAgents ? undefined : before.options.turn.id,
      }),
    };
    const turns = before ? [before.options, options] : [options];
    this.#answered.isCut = end.isCut ?? false;
    const written = await behind.commit(ask.ref, turns, this.#answered);
    const committed = written?.at(-1);
    const first = before && written?.[0];
    if (first?.kind === 'committed') before?.isThere(first.version);
    facts.commitMs = ports.clock.monotonic() - began;
    if (committed?.kind === 'committed') {
      facts.version = committed.version;
      facts.staleBase = committed.staleBase;
    }
    setImmediate(() => this.#tell(turns, written, told));
    if (committed?.kind === 'conflict') {
      await this.#keeper.giveBack.now(ask.ref, this.id, this.#key);
      if (!isFailed) throw lockedAt(committed.version, 0);
    }
    // Erased while it was being answered, it or something in it: what was read for it is not kept at hand either.
    if (committed?.kind === 'gone' || this.#answered.isForgotten) this.#keeper.erasing.letGo(ask.ref);
  }

  /** For after the answer. One that waits is measured now, while what was said is at hand; the rest is told when it is there. */
  #tell(
    turns: readonly CommitOptions[],
    written: readonly Committed[] | undefined,
    messages: readonly Message[],
  ): void {
    const { ask, facts, reserved } = this;
    const { ports, operations } = this.#keeper;
    const answered = this.#answered;
    tellTurns({ meters: ports.meters, operations }, { ref: ask.ref, turns, answered }, written, facts);
    const { turn } = turns.at(-1) as CommitOptions;
    const isOrWillBe = !written || written.at(-1)?.kind === 'committed';
    // Also what was erased as soon as it was there, or left to wait.
    if (turn.status === 'failed' || !isOrWillBe || answered.isForgotten) return;
    this.#tellMind(turn, messages, written ? undefined : reserved.head.version + turns.length);
    if (written && !facts.staleBase) this.#noteLog();
  }

  /** Where a turn of these messages goes on from. */
  #placed(turn: TurnDraft, messages: readonly Message[]): Omit<CommitOptions, 'key'> {
    const { parent, inPlaceOf, baseHash, baseCount } = this;
    const { head, fence } = this.reserved;
    const { ttl, maxAge } = this.#keeper.settings;
    return {
      turn,
      fence,
      generation: head.generation,
      base: head.version,
      mode: this.isBranch ? 'branch' : 'merge',
      // Of a response that is followed others may go on as well.
      exact: this.#isExact && turn.status !== 'failed' && this.ask.follows === undefined,
      parent,
      inPlaceOf,
      goesOn: this.facts.mode === 'full' || this.fresh !== this.ask.messages,
      hash: baseHash === '' ? '' : rolling(baseHash, messages),
      count: baseCount + messages.length,
      ttlMs: ttl,
      maxAgeMs: maxAge,
    };
  }

  /** Makes a turn of its own of what a log says otherwise than it was stored, before its last exchange: this one follows it. */
  #partLog(end: TurnEnd): { options: CommitOptions; isThere(version: number): void } | undefined {
    const length = end.status === 'failed' ? 0 : this.#lengthBefore;
    if (length === 0) return undefined;
    const { privacy, clock } = this.#keeper.ports;
    const { fresh, parent } = this;
    const messages = fresh.slice(0, length);
    const told = privacy.redact(messages.map(withSomething));
    const turn: TurnDraft = {
      ...this.#draft({ ...end, ...UNASKED }, messages, told),
      id: randomHex(12),
      kind: 'items',
      asked: '',
      journey: '',
    };
    const options: CommitOptions = { ...this.#placed(turn, messages), key: '' };
    this.fresh = fresh.slice(length);
    this.parent = turn.id;
    this.baseHash = options.hash;
    this.baseCount = options.count;
    this.resolves = '';
    const isThere = (version: number): void => {
      const place = { version, at: clock.wall(), parent };
      this.input = this.input && withTurnBefore(this.input, turn, place, told);
    };
    return { options, isThere };
  }

  /** Its client’s next log begins with this one. */
  #noteLog(): void {
    const { ask, reserved, logTokens } = this;
    const mark = logTokens && ask.mark?.();
    if (!mark) return;
    const count = this.baseCount + this.fresh.length;
    const log = { ...mark, turn: this.id, count, tokens: logTokens() };
    this.#keeper.opened.noteLog(ask.ref, reserved.head.generation, log);
  }

  #draft(end: TurnEnd, messages: readonly Message[], told: readonly Message[]): TurnDraft {
    const { ask, shape } = this;
    const seed = seedOf(this.seal, ask.ref.tenant);
    const system = this.#keeper.ports.privacy.redactTexts(ask.system);
    // In responses a developer's words are an item among others: nothing takes their place later.
    const isItem = end.format === 'openai-responses' && this.facts.mode === 'delta' && system.length > 0;
    const content: TurnContent = {
      messages: isItem ? [{ role: 'system', at: '', content: system }, ...told] : told,
      ...(system.length > 0 && !isItem && { system }),
      ...end.about,
      ...(ask.exclusive && { namedBy: 'conversation' }),
      ...(ask.follows !== undefined && { namedBy: 'response' }),
    };
    return {
      id: this.id,
      kind: 'turn',
      status: end.status,
      format: end.format,
      model: ask.model,
      provider: end.provider,
      upstreamModel: end.upstreamModel,
      finishReason: end.finishReason,
      tokens: messageTokens(messages),
      tokensIn: end.tokensIn,
      tokensOut: end.tokensOut,
      digests: messages.map((message) => digestOf(seed, message)),
      request: ask.requestId,
      asked: wishesDigest(seed, ask.wishes),
      opens: end.status === 'complete' && end.answer.some(({ type }) => type === 'tool-call'),
      resolves: this.resolves,
      supersedes: '',
      author: '',
      journey: shape.journey,
      content: this.seal.seal(JSON.stringify(content)),
    };
  }

  /** @param hoped the version that it would have; undefined: it has its own */
  #tellMind(
    { content: _, ...turn }: TurnDraft,
    messages: readonly Message[],
    hoped: number | undefined,
  ): void {
    const { ask, facts, input, shape } = this;
    if (!input) return;
    const { mind, clock } = this.#keeper.ports;
    const stored = {
      ...turn,
      version: hoped ?? facts.version,
      at: clock.wall(),
      parent: this.parent,
      staleBase: facts.staleBase,
      hash: '',
    };
    const isUnwritten = hoped !== undefined;
    mind.afterTurn({ ref: ask.ref, input, shape, turn: stored, messages, ask: ask.askModel, isUnwritten });
  }
}
