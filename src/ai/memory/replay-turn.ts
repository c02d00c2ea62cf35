import type { OpenedTurn } from '../../context/path.ts';
import type { AssistantPart } from '../../contracts/model-request.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall, CommittedAnswer } from '../chat-call.ts';
import { ownAnswer, writeParts } from '../own-answer.ts';
import { answerName } from '../prepared-call.ts';
import { isBreak, partsOf } from './answer-parts.ts';
import { itemsOfTurn } from './turn-items.ts';

/** The answer that was recorded in a turn, as one to this call: whole or streamed, its items named as before. It costs nothing. */
export function replayTurn(call: ChatCall, { turn, content }: OpenedTurn): CommittedAnswer | undefined {
  const { format } = call;
  if (format.kind !== 'chat') return undefined;
  const said = content.messages.at(-1);
  const [input, output] = [Math.max(0, turn.tokensIn), Math.max(0, turn.tokensOut)];
  const usage = { input, output, cached: 0, ...content.response?.usage };
  const parts: StreamPart[] = [
    { type: 'start', id: call.ownId ?? '', model: turn.upstreamModel || turn.model },
    ...(said?.role === 'assistant' ? partsOf(said.content) : []),
    { type: 'usage', usage },
    { type: 'finish', reason: turn.finishReason || 'stop' },
    { type: 'end' },
  ];
  const itemIds = itemIdsOf({ turn, content });
  const name = { ...answerName(call), id: content.answerId ?? turn.request, itemIds };
  return {
    ...ownAnswer(call, parts, writeParts(call, parts, name)),
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

/** Of the items of an answer, as they are written again: what was said in a row is one message then, or one thought. */
const itemIdsOf = (said: OpenedTurn): string[] =>
  itemsOfTurn(said).flatMap(({ id, isInput, at: { message, from } }) => {
    const content = said.content.messages[message]?.content as readonly AssistantPart[] | undefined;
    const [before, part] = [content?.[from - 1], content?.[from]];
    return isInput || isBreak(before, part) || isThoughtOn(before, part) ? [] : [id];
  });

/** A thought that nobody has signed has no end of its own. */
const isThoughtOn = (before: AssistantPart | undefined, part: AssistantPart | undefined): boolean =>
  before?.type === 'reasoning' &&
  before.signature === undefined &&
  before.opaque === undefined &&
  part?.type === 'reasoning' &&
  part.opaque === undefined;
