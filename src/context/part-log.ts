import type { Message } from '../contracts/model-request.ts';
import type { TurnDraft } from '../contracts/session.ts';
import type { PathTurn, PromptInput } from './ports.ts';

/**
 * How much of what a log says anew comes before its last exchange, and is to be a turn of its own: a client that shows that
 * exchange otherwise the next time (its question without what was looked up for it, its answer without the thoughts) goes on
 * from there. In one turn with it, all of the log would be stored again at each turn.
 * @returns messages; 0 where nothing was answered before it
 */
export function lengthBefore(fresh: readonly Message[]): number {
  const last = fresh.findLastIndex(({ role }) => role === 'user');
  const isAnswered = fresh.slice(0, Math.max(0, last)).some(({ role }) => role === 'assistant');
  return isAnswered ? last : 0;
}

/** How such a turn ended: nobody was asked. */
export const UNASKED = {
  status: 'complete',
  answer: [],
  about: {},
  upstreamModel: '',
  finishReason: '',
  tokensIn: -1,
  tokensOut: -1,
} as const;

/** What a prompt was put together from, with such a turn as the last one before what is new. */
export function withTurnBefore(
  input: PromptInput,
  { content: _, ...turn }: TurnDraft,
  place: { readonly version: number; readonly at: number; readonly parent: string },
  messages: readonly Message[],
): PromptInput {
  const { id, tokens } = turn;
  const { version, at } = place;
  const stored = { ...turn, ...place, staleBase: false, hash: '' };
  const said = { messages, system: undefined, tokens, isPutIn: true } as const;
  const before: PathTurn = { id, version, at, turn: stored, ...said };
  const { log } = input;
  return {
    ...input,
    turns: log ? [] : followedBy(before, input.turns),
    fresh: input.fresh.slice(messages.length),
    ...(log && { log: { ...log, turns: async () => followedBy(before, await log.turns()) } }),
  };
}

/** The call that it brings the results of is a part of it. */
function followedBy(next: PathTurn, turns: readonly PathTurn[]): PathTurn[] {
  const call = turns.at(-1);
  if (!call?.isCall) return [...turns, next];
  const messages = [...call.messages, ...next.messages];
  return [...turns.slice(0, -1), { ...next, messages, tokens: call.tokens + next.tokens }];
}
