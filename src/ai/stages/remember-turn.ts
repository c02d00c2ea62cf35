import type { LiveTurn } from '../../context/live-turn.ts';
import { responseId } from '../../context/response-id.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from '../chat-call.ts';
import { commitTurn } from '../memory/end-turn.ts';
import { answerId, keptFields, replaceId, replaceKept, withOwnId } from '../memory/own-id.ts';

/** A whole answer is part of its conversation before anybody is told of it. A stream is at its end. */
export function rememberTurn(call: ChatCall): void | Promise<void> {
  const { turn, answer } = call;
  if (turn && answer && answer.kind !== 'bytes') return remember(call, turn, answer);
}

async function remember(
  call: ChatCall,
  turn: LiveTurn,
  answer: Exclude<CommittedAnswer, { kind: 'bytes' }>,
): Promise<void> {
  const isResponse = call.format.name === 'openai-responses';
  if (isResponse) call.ownId = responseId(turn.ask.ref.session, turn.id);
  if (answer.kind === 'stream') return;
  const finished = answer.facts?.finishReason;
  const status = answer.statusCode >= 400 ? 'failed' : finished === '' ? 'incomplete' : 'complete';
  await commitTurn(call, status, { parts: status === 'failed' ? [] : answer.parts });
  if (!call.ownId || status === 'failed') return;
  const request = call.request as ChatRequest;
  if (request.stream) {
    const start = answer.parts.find((part) => part.type === 'start');
    const theirs = (start?.type === 'start' && start.id) || `resp_${answerId(call.exchange)}`;
    const named = replaceId(answer.body, theirs, call.ownId);
    call.answer = { ...answer, body: Buffer.from(replaceKept(named, keptFields(request))) };
    return;
  }
  call.answer = { ...answer, body: withOwnId(answer.body, call.ownId, keptFields(request)) };
}
