import type { OpenedTurn } from '../../context/path.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { ownAnswer } from '../own-answer.ts';
import { partsOf } from './answer-parts.ts';

/** The answer that was recorded in a turn, as one to this call: whole or streamed. It costs nothing. */
export function replayTurn(call: ChatCall, { turn, content }: OpenedTurn): CommittedAnswer | undefined {
  const { format } = call;
  if (format.kind !== 'chat') return undefined;
  const said = content.messages.at(-1);
  const usage = { input: Math.max(0, turn.tokensIn), output: Math.max(0, turn.tokensOut), cached: 0 };
  const parts: StreamPart[] = [
    { type: 'start', id: call.ownId ?? '', model: turn.upstreamModel || turn.model },
    ...(said?.role === 'assistant' ? partsOf(said.content) : []),
    { type: 'usage', usage },
    { type: 'finish', reason: turn.finishReason || 'stop' },
    { type: 'end' },
  ];
  return {
    ...ownAnswer(call, parts),
    byRules: true,
    deployment: {
      providerName: 'context',
      model: turn.model,
      version: '',
      name: 'context/replay',
      headerName: 'context/replay',
      price: () => 0,
    },
  };
}
