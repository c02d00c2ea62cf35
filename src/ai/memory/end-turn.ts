import type { TurnEnd } from '../../context/live-turn.ts';
import type { TurnStatus } from '../../contracts/session.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { isOfLength } from '../own-refusal.ts';
import { answerOf } from './answer-parts.ts';
import { answerId } from './own-id.ts';
import { keptAbout } from './response-about.ts';

/** What an answer says, as far as it is kept. */
interface Said {
  readonly parts: readonly StreamPart[];
  /** It said more. */
  readonly isCut?: boolean;
}

/** A conversation remembers what its client was told, not what guards kept from it. */
export const saidIn = ({ passage, watch }: Extract<CommittedAnswer, { kind: 'stream' }>): Said =>
  passage.told ?? watch.turnTape ?? { parts: [] };

/**
 * Makes a call's turn part of its conversation.
 * @throws GatewayError `conversation_locked`
 */
export async function commitTurn(
  call: ChatCall,
  status: TurnStatus,
  { parts, isCut = false }: Said,
): Promise<void> {
  const { turn, format, exchange, answer } = call;
  if (!turn || turn.hasEnded) return;
  if (turn.input && answer?.kind === 'whole' && isOfLength(answer))
    call.ports.conversations.ports.mind.tooLong(turn.input, turn.shape);
  const usage = answer?.facts?.usage;
  const { content, itemIds } = answerOf(parts, status === 'complete');
  const isResponse = format.name === 'openai-responses';
  const end: TurnEnd = {
    status,
    answer: content,
    isCut,
    about: {
      ...(isResponse && itemIds.length > 0 && { itemIds }),
      answerId: answerId(exchange),
      ...(turn.ask.response &&
        status !== 'failed' &&
        keptAbout(turn.ask.response, usage, call.ports.conversations.ports.privacy)),
    },
    format: format.name,
    provider: answer?.deployment.providerName ?? exchange.ai?.provider ?? '',
    upstreamModel: answer?.deployment.model ?? '',
    finishReason: answer?.facts?.finishReason ?? '',
    tokensIn: usage?.input ?? -1,
    tokensOut: usage?.output ?? -1,
  };
  await turn.commit(end);
}

/** What is left of a turn whose call ended otherwise: the user's words, and what reached the client of the answer. */
export function abandonTurn(call: ChatCall): void | Promise<void> {
  const { turn, exchange, answer } = call;
  if (!turn || turn.hasEnded) return;
  // Nobody was asked: the turn has not taken place.
  if (exchange.attempts === 0 && !answer) return turn.release();
  const said = answer?.kind === 'stream' ? saidIn(answer) : { parts: [] };
  const hasLeft = exchange.cancel.aborted || said.parts.length > 0;
  return commitTurn(call, hasLeft ? 'incomplete' : 'failed', said);
}
