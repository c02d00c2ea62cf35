import type { Message } from '../contracts/model-request.ts';
import type { StoredSummary } from '../contracts/session.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { onDemand } from '../lib/on-demand.ts';
import { lockedAt } from './ask.ts';
import { digestOf, formerSeedsOf, hashesOf, seedOf } from './canonical.ts';
import { correctedSummary } from './corrected-summary.ts';
import type { LogTail } from './known-log.ts';
import type { LiveTurn } from './live-turn.ts';
import { beginsWith, locate, repeated } from './locate.ts';
import type { OpenedSessions } from './opened-sessions.ts';
import {
  type Arranged,
  arrange,
  isCorrected,
  type OpenCall,
  type OpenedTurn,
  pathTo,
  resultsIn,
} from './path.ts';
import type { ContextMind, PathTurn } from './ports.ts';
import { tokensIn } from './prompt/figures.ts';
import { messageTokens } from './prompt/tokens.ts';
import { matchResults } from './put-items.ts';
import { type SessionReader, summaryOf } from './read-sessions.ts';
import { takePlace } from './take-place.ts';

/** Wait that is told to a client that has heard of a turn which is still being answered, in milliseconds. */
const AHEAD_MS = 1000;

export interface RecallingPorts {
  readonly reader: SessionReader;
  readonly opened: OpenedSessions;
  readonly mind: Pick<ContextMind, 'prompt'>;
}

/** Finds out where a turn that was announced stands in its conversation, and what goes before it. */
export class TurnRecall {
  readonly #ports: RecallingPorts;

  constructor(ports: RecallingPorts) {
    this.#ports = ports;
  }

  /** @throws StoreUnavailable, SealBroken, GatewayError `session_unknown`, `tool_results_unmatched`, `conversation_locked` */
  async recall(turn: LiveTurn): Promise<void> {
    const { reader, opened, mind } = this.#ports;
    const { ask, facts, reserved, seal } = turn;
    const { head, isNew, reset, from, turns } = reserved;
    facts.base = head.version;
    // Who names no conversation, but a key that was used before, misses nothing of what was said then.
    const isMissed = !ask.isInvented || reset === 'version_regressed';
    if (reset !== '' && isMissed) Object.assign(facts, { status: 'reset', cause: reset });
    else if (isNew || head.version === 0 || ask.isInvented) facts.status = 'new';
    let all = opened.take(ask.ref, head, from, turns, seal);
    opened.keepSummary(ask.ref, reserved.summary);
    const seed = seedOf(seal, ask.ref.tenant);
    const isAhead = reset === 'version_regressed' && ask.follows === undefined;
    // A stream says the version that its turn will have, before it has it: two more at most.
    const seen = ask.seenVersion ?? 0;
    const mayCome = seen > head.version && seen <= head.version + 2 * reserved.pending;
    if (isAhead && facts.mode !== 'full' && mayCome) throw lockedAt(head.version, AHEAD_MS);
    if (facts.mode === 'full') await this.#placeLog(turn, seed, all);
    else if (ask.isInvented || (isAhead && head.head !== '')) {
      // What it begins follows nothing, though it had broken off before; or the store has lost turns that the client knows of:
      // without them the rest may mean something else. Where there is no rest, two that begin anew follow one another.
      turn.isBranch = true;
      turn.baseHash = seed;
      // Nor do those who find out at once throw one another off the path.
      if (isAhead) turn.inPlaceOf = head.head || undefined;
    } else {
      placeBehind(turn, seed, all.get(head.head));
      await this.#leaveRepeated(turn, seed, all);
    }
    const isFull = facts.mode === 'full';
    let summary = summaryOf(reserved.summary, seal);
    let path = pathTo(turn.parent, all);
    if (!isWhole(path, turn.parent, reserved.summary)) {
      const atHand = all;
      ({ turns: all } = await reader.all(ask.ref, seal));
      path = pathTo(turn.parent, all);
      summary = undefined;
      // A store that has lost turns went on with others: what is at hand leads nowhere.
      if (path.some(({ turn: { id, version } }) => version > head.covered && !atHand.has(id)))
        opened.forget(ask.ref);
      if (ask.follows !== undefined && !all.has(ask.follows)) throw unknownResponse();
    }
    // Deleted: whoever follows it would go on from what nobody knows any more.
    if (ask.follows !== undefined && all.get(ask.follows)?.content.messages.length === 0)
      throw unknownResponse();
    if (turn.isBranch && !isFull) {
      turn.baseHash = path.at(-1)?.turn.hash ?? (turn.parent === '' ? seed : '');
      if (ask.follows !== undefined && turn.parent !== head.head) turn.baseCount = countOf(path);
    }
    if (summary && reserved.summary) {
      path = path.slice(lengthUpTo(path, summary.covered));
      const every = async () => (await reader.all(ask.ref, seal)).turns;
      summary = await correctedSummary(summary, reserved.summary.coveredTurn, all, every);
    }
    // Words that a person has put in the place of others, or that others said at once, are not in what the client sent.
    const isAsSent = isFull && turn.logTokens !== undefined && !summary && !isCorrected(path, all);
    const input = {
      ref: ask.ref,
      head,
      model: ask.model,
      summary,
      fresh: turn.fresh,
      system: ask.system,
      otherTokens: ask.otherTokens,
      maxOutput: ask.maxOutput,
      window: (facts.mode === 'delta' && ask.widest) || ask.window,
      isFull: isAsSent,
      covered: () => reader.covered(ask.ref, seal, turn.parent, summary?.covered ?? 0),
    };
    if (isAsSent) {
      const known = all;
      turn.resolves = resolvedInLog(turn, path);
      const turns = (): readonly PathTurn[] => turnsBefore(path, arrange(path, known), turn.resolves);
      turn.input = { ...input, turns: [], log: { tokens: turn.logTokens?.() ?? 0, turns } };
    } else {
      const arranged = await this.#arranged(turn, path, all, summary !== undefined);
      turn.resolves = isFull
        ? resolvedInLog(turn, path, arranged.open)
        : resolvedBy(turn.fresh, arranged.open);
      turn.input = { ...input, turns: turnsBefore(path, arranged, turn.resolves) };
    }
    const shaped = mind.prompt(turn.input);
    turn.shape = shaped instanceof Promise ? await shaped : shaped;
    facts.tokens = tokensIn(turn.shape.turns);
  }

  /** Also with calls that were made in turns that the summary covers, and have their results only behind it, or now. */
  async #arranged(
    { ask, seal, parent, fresh }: LiveTurn,
    path: readonly OpenedTurn[],
    all: ReadonlyMap<string, OpenedTurn>,
    isPart: boolean,
  ): Promise<Arranged> {
    const { reader, opened } = this.#ports;
    const here = arrange(path, all);
    const isThere = (id: string): boolean => id === '' || all.has(id);
    const areMatched = resultsIn(fresh, here.open).kind !== 'unmatched';
    if (!isPart || (areMatched && path.every(({ turn }) => isThere(turn.resolves)))) return here;
    const { turns: every } = await reader.all(ask.ref, seal);
    for (const { turn } of path) opened.keep(ask.ref, every.get(turn.resolves));
    return { ...arrange(path, every), open: arrange(pathTo(parent, every), every).open };
  }

  /** Where a log that was sent whole goes on from what is stored. */
  async #placeLog(turn: LiveTurn, seed: string, atHand: ReadonlyMap<string, OpenedTurn>): Promise<void> {
    const { ask, facts, reserved, seal } = turn;
    const { head } = reserved;
    const isAgents = ask.isAgents === true;
    // What an agent asks meanwhile about something else is nothing to follow.
    turn.isBranch = isAgents;
    if (ask.tail && followTail(turn, ask.tail, seed, atHand)) return;
    const messages = ask.tail ? ask.tail.whole() : ask.messages;
    turn.logTokens = onDemand(() => messageTokens(messages));
    const place = (parent: string, count: number, hash: string): void => {
      turn.parent = parent;
      turn.fresh = messages.slice(count);
      turn.baseHash = hash;
      turn.baseCount = count;
    };
    if (head.count < messages.length && beginsWith(messages, pathTo(head.head, atHand), head)) {
      place(head.head, head.count, head.hash);
      return;
    }
    const hashes = hashesOf(messages, seed);
    const former = formerSeedsOf(seal, ask.ref.tenant);
    const isHead =
      head.count === 0 ||
      hashes[head.count] === head.hash ||
      // Said before anything was sealed. Of a session whose head is not known by its hash nobody needs to look.
      (head.hash !== '' && former.some((each) => hashesOf(messages, each, head.count).at(-1) === head.hash));
    if (head.count <= messages.length && isHead) {
      place(head.head, head.count, hashes[head.count] as string);
      if (turn.fresh.length > 0 || head.count === 0) return;
    }
    const { turns } = await this.#ports.reader.all(ask.ref, seal);
    const seeds = [seed, ...former];
    let found = locate(messages, seeds, turns, isAgents ? undefined : head.head);
    if (found.count === 0 && ask.mode === 'auto') {
      turn.fresh = messages;
      placeBehind(turn, seed, turns.get(head.head));
      const again = repeated(messages, seeds, pathTo(turn.parent, turns));
      if (again > 0) {
        turn.fresh = messages.slice(again);
        turn.logTokens = undefined;
        facts.mode = 'delta';
        return;
      }
      turn.isBranch = isAgents;
      turn.inPlaceOf = undefined;
      // Its first words were taken for what was new, behind what others had said.
      if (!isAgents) found = locate(messages, seeds, turns, head.head, true);
    }
    place(found.parent, found.count, hashes[found.count] as string);
    if (found.isMerged) {
      turn.logTokens = undefined;
      turn.baseHash = '';
      turn.baseCount = countOf(pathTo(found.parent, turns));
    }
    if (found.parent === head.head) return;
    turn.isBranch = true;
    if (facts.status !== 'hit') return;
    if (isAgents && found.count === 0) facts.status = 'new';
    else if (!isAgents || isFollowed(found.parent, turns))
      Object.assign(facts, { status: 'forked', cause: 'hash_mismatch' });
  }

  /** Of what is new the client may say some again that it goes on from. */
  async #leaveRepeated(turn: LiveTurn, seed: string, atHand: ReadonlyMap<string, OpenedTurn>): Promise<void> {
    const { ask, seal, reserved } = turn;
    if (!ask.messages.some(({ role }) => role === 'assistant')) return;
    const seeds = [seed, ...formerSeedsOf(seal, ask.ref.tenant)];
    const among = (turns: ReadonlyMap<string, OpenedTurn>): number =>
      repeated(ask.messages, seeds, pathTo(turn.parent, turns));
    const isPart = reserved.summary !== undefined;
    const again =
      among(atHand) || (isPart && among((await this.#ports.reader.all(ask.ref, seal)).turns)) || 0;
    if (again > 0) turn.fresh = ask.messages.slice(again);
  }
}

/** Messages of a path. */
const countOf = (path: readonly OpenedTurn[]): number =>
  path.reduce((sum, { turn: { digests } }) => sum + digests.length, 0);

/** Whether something was said behind a turn. */
const isFollowed = (id: string, turns: ReadonlyMap<string, OpenedTurn>): boolean =>
  turns.values().some(({ turn: { parent, status } }) => parent === id && status !== 'failed');

const unknownResponse = (): GatewayError =>
  new GatewayError('session_unknown', { param: 'previous_response_id' });

/** Where what is new goes on: behind the response that it follows, or where the session is. */
function placeBehind(turn: LiveTurn, seed: string, head: OpenedTurn | undefined): void {
  const { ask, reserved } = turn;
  const { head: at } = reserved;
  turn.parent = ask.follows ?? at.head;
  turn.isBranch = ask.follows !== undefined;
  turn.baseHash = turn.parent === at.head ? at.hash || (at.count === 0 ? seed : '') : '';
  turn.baseCount = at.count;
  if (!turn.isBranch) takePlace(turn, seed, head);
}

/**
 * Places what comes behind a log that is known, if the conversation is where that log led to: then it begins with the answer
 * to it.
 */
function followTail(
  turn: LiveTurn,
  { known }: LogTail,
  seed: string,
  atHand: ReadonlyMap<string, OpenedTurn>,
): boolean {
  const { head } = turn.reserved;
  const [answer, ...fresh] = turn.ask.messages;
  const last = atHand.get(head.head)?.turn.digests.at(-1);
  if (head.head !== known.turn || head.hash === '' || head.count !== known.count + 1) return false;
  if (!answer || digestOf(seed, answer) !== last) return false;
  turn.parent = head.head;
  turn.fresh = fresh;
  turn.baseHash = head.hash;
  turn.baseCount = head.count;
  turn.logTokens = onDemand(() => known.tokens + messageTokens(turn.ask.messages));
  return true;
}

/** In a log that matched up to a turn, results that come first are those of its calls, whoever was corrected since. */
function resolvedInLog(
  { fresh, parent }: LiveTurn,
  path: readonly OpenedTurn[],
  open?: Arranged['open'],
): string {
  if (fresh[0]?.role !== 'tool') return '';
  const results = open && resultsIn(fresh, open);
  if (results?.kind === 'answered') return results.turn;
  return path.findLast(({ turn }) => turn.kind !== 'correction')?.turn.id ?? parent;
}

/** @throws GatewayError `tool_results_unmatched` */
function resolvedBy(fresh: readonly Message[], open: Arranged['open']): string {
  const results = matchResults(fresh, open);
  return results.kind === 'answered' ? results.turn : '';
}

/** A path as a prompt has it; the call that the new messages answer where it has to stand, last. */
function turnsBefore(
  path: readonly OpenedTurn[],
  { turns, open }: Arranged,
  resolves: string,
): readonly PathTurn[] {
  const call = open.get(resolves);
  return call ? [...turns, pathTurnOf(call, path)] : turns;
}

/** It stands where the path ends: a summary may cover all of it, and the call's own turn is the last then. */
function pathTurnOf({ message, turn: caller }: OpenCall, path: readonly OpenedTurn[]): PathTurn {
  const turn = path.at(-1)?.turn ?? caller;
  const { provider } = caller;
  const messages = [message];
  const { id, version, at } = turn;
  return {
    id,
    version,
    at,
    turn: { ...turn, kind: 'items', provider },
    messages,
    isCall: true,
    system: undefined,
    tokens: messageTokens(messages),
  };
}

/** How many turns of a path a summary covers: versions only grow along it, and those that it does not cover are few. */
const lengthUpTo = (path: readonly OpenedTurn[], covered: number): number =>
  path.findLastIndex(({ turn }) => turn.version <= covered) + 1;

/** Whether a path reaches back to where its summary takes over, or to its beginning. */
function isWhole(path: readonly OpenedTurn[], to: string, summary: StoredSummary | undefined): boolean {
  const [first] = path;
  if (!first) return to === (summary?.coveredTurn ?? '');
  if (!summary) return first.turn.parent === '';
  const last = path[lengthUpTo(path, summary.covered) - 1];
  return (last?.turn.id ?? first.turn.parent) === summary.coveredTurn;
}
