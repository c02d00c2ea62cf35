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

/** A path as a prompt has it, and the calls on it that have no results yet. */
export interface Arranged {
  readonly turns: readonly PathTurn[];
  /** By the id of the turn that made them: what it said with them. */
  readonly open: ReadonlyMap<string, Message>;
}

/**
 * Puts a path into the order of a prompt. A call stands directly before its results, whatever was said between them: until
 * they come it is left out. A correction stands in the place of what it corrects. Failed turns are left out.
 */
export function arrange(path: readonly OpenedTurn[]): Arranged {
  const corrections = new Map<string, OpenedTurn>();
  const isThere = new Set(path.map(({ turn }) => turn.id));
  for (const each of path) if (each.turn.supersedes !== '') corrections.set(each.turn.supersedes, each);
  const correctionOf = ({ id }: { readonly id: string }): OpenedTurn | undefined => {
    let found = corrections.get(id);
    // One may be corrected itself.
    for (let next = found; next; next = corrections.get(next.turn.id)) found = next;
    return found;
  };
  const open = new Map<string, Message>();
  const turns: PathTurn[] = [];
  for (const { turn, content } of path) {
    // Where what it corrects is in a summary, it says itself what is right.
    if (turn.status === 'failed' || isThere.has(turn.supersedes)) continue;
    const corrected = correctionOf(turn);
    const messages: Message[] = [];
    const call = open.get(turn.resolves);
    if (call) {
      messages.push(call);
      open.delete(turn.resolves);
    }
    messages.push(...(corrected ?? { content }).content.messages);
    if (turn.opens && !corrected) open.set(turn.id, messages.pop() as Message);
    turns.push({ turn, messages, system: content.system, tokens: corrected?.turn.tokens ?? turn.tokens });
  }
  return { turns, open };
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
  for (const [turn, call] of open) {
    const calls = callsOf(call);
    if (!calls.includes(first)) continue;
    const odd = calls.find((id) => !brought.includes(id)) ?? brought.find((id) => !calls.includes(id));
    return odd === undefined ? { kind: 'answered', turn } : { kind: 'unmatched', id: odd };
  }
  return { kind: 'unmatched', id: first };
}
