import type { AssistantPart, Message } from '../contracts/model-request.ts';
import type { StoredTurn, TurnContent } from '../contracts/session.ts';
import type { PathTurn } from './ports.ts';

/** A turn with its content at hand. */
export interface OpenedTurn {
  readonly turn: Omit<StoredTurn, 'content'>;
  readonly content: TurnContent;
}

/**
 * The turns from the first to `head`, by their parents; those of other branches are none of its.
 * @param turns all that are at hand, by id; the path ends where one is missing
 */
export function pathTo(head: string, turns: ReadonlyMap<string, OpenedTurn>): OpenedTurn[] {
  const path: OpenedTurn[] = [];
  for (let at = turns.get(head); at && path.length <= turns.size; at = turns.get(at.turn.parent))
    path.push(at);
  return path.reverse();
}

const callsOf = (message: Message | undefined): string[] =>
  message?.role === 'assistant'
    ? message.content.flatMap((part: AssistantPart) => (part.type === 'tool-call' ? [part.id] : []))
    : [];

const resultsOf = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.role === 'tool' ? message.content.map(({ id }) => id) : []));

/** What a turn said with calls that have no results yet. */
export interface OpenCall {
  readonly message: Message;
  readonly provider: string;
}

/** A path as a prompt has it, and the calls on it that have no results yet. */
export interface Arranged {
  readonly turns: readonly PathTurn[];
  /** By the id of the turn that made them. */
  readonly open: ReadonlyMap<string, OpenCall>;
}

/**
 * Puts a path into the order of a prompt. A call stands directly before its results, whatever was said between them: until
 * they come it is left out, and where one of the two was deleted the other goes with it. A correction stands in the place of
 * the words that it corrects. Failed turns are left out.
 * @param known where the call is looked for whose turn is not on the path: a summary covers it
 */
export function arrange(
  path: readonly OpenedTurn[],
  known: ReadonlyMap<string, OpenedTurn> = new Map(),
): Arranged {
  const correctionOf = correctionsOn(path);
  const isThere = new Set(path.map(({ turn }) => turn.id));
  const open = new Map<string, OpenCall>();
  const turns: PathTurn[] = [];
  const takeCall = (id: string): OpenCall | undefined => {
    const before = isThere.has(id) ? undefined : known.get(id);
    const call = open.get(id) ?? (before && openCallOf(before, correctionOf(before.turn)));
    open.delete(id);
    return call;
  };
  for (const opened of path) {
    const { turn, content } = opened;
    // Where what it corrects is in a summary, it says itself what is right.
    if (turn.status === 'failed' || isThere.has(turn.supersedes)) continue;
    const corrected = correctionOf(turn);
    const said = corrected?.content.messages ?? content.messages;
    const own = turn.opens && !corrected ? said.slice(0, -1) : said;
    const call = turn.resolves === '' ? undefined : takeCall(turn.resolves);
    const isAnswered = call && callsOf(call.message).every((id) => resultsOf(own).includes(id));
    const mayBeStray = turn.resolves !== '' || turn.supersedes !== '';
    const made = openCallOf(opened, corrected);
    if (made) open.set(turn.id, made);
    turns.push({
      turn,
      messages: isAnswered ? withoutStray(withCall(call.message, own)) : mayBeStray ? withoutStray(own) : own,
      ...(isAnswered && { calledBy: call.provider }),
      system: content.system,
      ...(content.itemIds && !corrected && { itemIds: content.itemIds }),
      tokens: corrected?.turn.tokens ?? turn.tokens,
    });
  }
  return { turns, open };
}

/** What finds a turn's correction on this path: the last one, where one was corrected itself. */
export function correctionsOn(
  path: readonly OpenedTurn[],
): (turn: { readonly id: string }) => OpenedTurn | undefined {
  const corrections = new Map<string, OpenedTurn>();
  for (const each of path) if (each.turn.supersedes !== '') corrections.set(each.turn.supersedes, each);
  return ({ id }) => {
    let found = corrections.get(id);
    for (let next = found; next; next = corrections.get(next.turn.id)) found = next;
    return found;
  };
}

/** Other words in the place of an answer leave its calls as they are: somebody is at work on them, or has been. */
function openCallOf({ turn, content }: OpenedTurn, corrected: OpenedTurn | undefined): OpenCall | undefined {
  const said = turn.opens ? content.messages.at(-1) : undefined;
  if (said?.role !== 'assistant') return undefined;
  const calls = said.content.filter(({ type }) => type !== 'text' && type !== 'refusal');
  return { message: corrected ? { ...said, content: calls } : said, provider: turn.provider };
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

/** Which open calls the new messages answer: all that were made at once, or it can't go on. */
export function resultsIn(fresh: readonly Message[], open: Arranged['open']): Results {
  const results = resultsOf(fresh);
  const made = fresh.flatMap((message) => callsOf(message));
  const brought = results.filter((id) => !made.includes(id));
  const [first] = brought;
  if (first === undefined) return { kind: 'none' };
  for (const [turn, { message }] of open) {
    const calls = callsOf(message);
    if (!calls.includes(first)) continue;
    const odd = calls.find((id) => !brought.includes(id)) ?? brought.find((id) => !calls.includes(id));
    return odd === undefined ? { kind: 'answered', turn } : { kind: 'unmatched', id: odd };
  }
  return { kind: 'unmatched', id: first };
}
