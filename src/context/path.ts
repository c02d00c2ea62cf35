import type { AssistantPart, Message } from '../contracts/model-request.ts';
import type { StoredTurn, TurnContent } from '../contracts/session.ts';
import type { PathTurn } from './ports.ts';

/** A turn with its content at hand. */
export interface OpenedTurn {
  readonly turn: Omit<StoredTurn, 'content'>;
  readonly content: TurnContent;
}

/** Whether something was deleted in it: what is left has other places. */
export const isCut = ({ content: { ids, messages } }: OpenedTurn): boolean =>
  ids !== undefined || messages.length === 0;

/** The path that was followed last among these turns: of a long conversation only what is new is walked. */
const FOLLOWED = new WeakMap<ReadonlyMap<string, OpenedTurn>, readonly OpenedTurn[]>();

/**
 * The turns from the first to `head`, by their parents; those of other branches are none of its.
 * @param turns all that are at hand, by id; the path ends where one is missing
 */
export function pathTo(head: string, turns: ReadonlyMap<string, OpenedTurn>): readonly OpenedTurn[] {
  const before = FOLLOWED.get(turns) ?? [];
  const last = before.at(-1);
  const added: OpenedTurn[] = [];
  let at = turns.get(head);
  for (; at && at !== last && added.length <= turns.size; at = turns.get(at.turn.parent)) added.push(at);
  const path = at === last ? [...before, ...added.reverse()] : added.reverse();
  FOLLOWED.set(turns, path);
  return path;
}

const callsOf = (message: Message | undefined): string[] =>
  message?.role === 'assistant'
    ? message.content.flatMap((part: AssistantPart) => (part.type === 'tool-call' ? [part.id] : []))
    : [];

/** The ids of the calls whose results these messages bring. */
export const resultsOf = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.role === 'tool' ? message.content.map(({ id }) => id) : []));

/** What a turn said with calls that have no results yet. */
export interface OpenCall {
  readonly message: Message;
  readonly turn: OpenedTurn['turn'];
}

/** A path as a prompt has it, and the calls on it that have no results yet. */
export interface Arranged {
  readonly turns: readonly PathTurn[];
  /** By the id of the turn that made them. */
  readonly open: ReadonlyMap<string, OpenCall>;
}

/** How a path was arranged last, where nothing was missing: what follows on it changes nothing of that. */
const ARRANGED = new WeakMap<ReadonlyMap<string, OpenedTurn>, Arranged & { path: readonly OpenedTurn[] }>();

/**
 * Puts a path into the order of a prompt. A call stands directly before its results, whatever was said between them: until
 * they come it is left out, and where one of the two was deleted the other goes with it. A correction stands in the place of
 * the words that it corrects, on whichever path it was made, and nowhere else (for a summary of them see
 * `corrected-summary.ts`). Failed turns are left out.
 * @param known all that are at hand: a call whose turn is not on the path, as a summary covers it, and corrections
 */
export function arrange(path: readonly OpenedTurn[], known: ReadonlyMap<string, OpenedTurn>): Arranged {
  const before = beginningOf(path, ARRANGED.get(known));
  const correctionOf = correctionsIn(known);
  let ids: ReadonlySet<string> | undefined;
  const isThere = (id: string): boolean => {
    if (id === '') return false;
    ids ??= new Set(path.map(({ turn }) => turn.id));
    return ids.has(id);
  };
  const open = new Map<string, OpenCall>(before?.open);
  const turns: PathTurn[] = [...(before?.turns ?? [])];
  let isMissing = false;
  const takeCall = (id: string): OpenCall | undefined => {
    const other = isThere(id) ? undefined : known.get(id);
    const call = open.get(id) ?? (other && openCallOf(other, correctionOf(other.turn)));
    open.delete(id);
    isMissing ||= call === undefined;
    return call;
  };
  for (const opened of path.slice(before?.path.length ?? 0)) {
    const { turn, content } = opened;
    if (turn.status === 'failed' || turn.supersedes !== '') continue;
    const corrected = correctionOf(turn);
    const said = corrected?.content.messages ?? content.messages;
    const own = turn.opens && !corrected ? said.slice(0, -1) : said;
    const call = turn.resolves === '' ? undefined : takeCall(turn.resolves);
    const isAnswered = call && callsOf(call.message).every((id) => resultsOf(own).includes(id));
    const mayBeStray = turn.resolves !== '';
    const made = openCallOf(opened, corrected);
    if (made) open.set(turn.id, made);
    turns.push({
      id: turn.id,
      version: turn.version,
      at: turn.at,
      turn,
      messages: isAnswered ? withoutStray(withCall(call.message, own)) : mayBeStray ? withoutStray(own) : own,
      ...(isAnswered && { calledBy: call.turn.provider }),
      system: content.system,
      ...(content.itemIds && !corrected && { itemIds: content.itemIds }),
      tokens: corrected?.turn.tokens ?? turn.tokens,
      ...(turn.kind === 'items' && { isPutIn: true as const }),
    });
  }
  if (isMissing) ARRANGED.delete(known);
  else ARRANGED.set(known, { path, turns, open });
  return { turns, open };
}

/** If a path goes on from it. */
function beginningOf<Before extends { readonly path: readonly OpenedTurn[] }>(
  path: readonly OpenedTurn[],
  before: Before | undefined,
): Before | undefined {
  const last = before?.path.at(-1);
  if (!before || !last || path[0] !== before.path[0] || path[before.path.length - 1] !== last)
    return undefined;
  return before;
}

type CorrectionOf = (turn: { readonly id: string }) => OpenedTurn | undefined;

const NONE: CorrectionOf = () => undefined;

/** Among turns that are at hand there is never one more: whoever corrects something has all of them read anew (`edits`). */
const CORRECTIONS = new WeakMap<ReadonlyMap<string, OpenedTurn>, CorrectionOf>();

/** What finds a turn's correction among these: the last one, where one was corrected itself. */
export function correctionsIn(turns: ReadonlyMap<string, OpenedTurn>): CorrectionOf {
  let correctionOf = CORRECTIONS.get(turns);
  if (!correctionOf) {
    correctionOf = correctionsAmong(turns.values());
    CORRECTIONS.set(turns, correctionOf);
  }
  return correctionOf;
}

export const hasCorrections = (turns: ReadonlyMap<string, OpenedTurn>): boolean =>
  correctionsIn(turns) !== NONE;

function correctionsAmong(turns: Iterable<OpenedTurn>): CorrectionOf {
  const corrections = new Map<string, OpenedTurn>();
  for (const each of turns) if (each.turn.supersedes !== '') corrections.set(each.turn.supersedes, each);
  if (corrections.size === 0) return NONE;
  return ({ id }) => {
    let found = corrections.get(id);
    for (let next = found; next; next = corrections.get(next.turn.id)) found = next;
    return found;
  };
}

/** Whether a person has put words in the place of some that a path says. */
export function isCorrected(path: readonly OpenedTurn[], known: ReadonlyMap<string, OpenedTurn>): boolean {
  const correctionOf = correctionsIn(known);
  return correctionOf !== NONE && path.some(({ turn }) => turn.supersedes === '' && correctionOf(turn));
}

/** Other words in the place of an answer leave its calls as they are: somebody is at work on them, or has been. */
function openCallOf({ turn, content }: OpenedTurn, corrected: OpenedTurn | undefined): OpenCall | undefined {
  const said = turn.opens ? content.messages.at(-1) : undefined;
  if (said?.role !== 'assistant') return undefined;
  const calls = said.content.filter(({ type }) => type !== 'text' && type !== 'refusal');
  return { message: corrected ? { ...said, content: calls } : said, turn };
}

/** Directly before its results. */
function withCall(call: Message, own: readonly Message[]): Message[] {
  const at = own.findIndex(({ role }) => role === 'tool');
  return [...own.slice(0, at), call, ...own.slice(at)];
}

/** Without the results whose calls are not there any more. */
function withoutStray(messages: readonly Message[]): Message[] {
  const made = new Set<string>();
  return messages.flatMap((message): Message[] => {
    for (const id of callsOf(message)) made.add(id);
    if (message.role !== 'tool') return [message];
    const content = message.content.filter(({ id }) => made.has(id));
    return content.length === 0 ? [] : [{ ...message, content }];
  });
}

type Results =
  | { readonly kind: 'none' }
  | { readonly kind: 'answered'; readonly turn: string }
  /** There is no such call, or others of its turn have no result. */
  | { readonly kind: 'unmatched'; readonly id: string };

/**
 * Which open calls the new messages answer: all that were made at once, or it can't go on. Where a model has used an id
 * again, its latest.
 */
export function resultsIn(fresh: readonly Message[], open: Arranged['open']): Results {
  const results = resultsOf(fresh);
  const made = fresh.flatMap((message) => callsOf(message));
  const brought = results.filter((id) => !made.includes(id));
  const [first] = brought;
  if (first === undefined) return { kind: 'none' };
  for (const [turn, { message }] of [...open].reverse()) {
    const calls = callsOf(message);
    if (!calls.includes(first)) continue;
    const odd = calls.find((id) => !brought.includes(id)) ?? brought.find((id) => !calls.includes(id));
    return odd === undefined ? { kind: 'answered', turn } : { kind: 'unmatched', id: odd };
  }
  return { kind: 'unmatched', id: first };
}
