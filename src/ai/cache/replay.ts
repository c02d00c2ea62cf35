import type { StreamPart } from '../../contracts/stream-part.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from '../chat-call.ts';
import { gatherAnswer } from '../gather-answer.ts';
import { AnswerGuard, answerIsGuarded } from '../guards/answer-guard.ts';
import { factsOf } from '../part-facts.ts';
import { TranslatedPassage } from '../passage.ts';
import { answerName, neutralOf } from '../prepared-call.ts';
import type { FromCache, KeptAnswer } from './kept-answer.ts';

const FREE = (): number => 0;

/**
 * A kept answer as one to this call: the bytes of its provider where they came in the form that is asked for, else
 * written anew. Guards see it like any other.
 *
 * @returns undefined if another form of it is asked for, and it did not say what it had used
 * @throws GatewayError of a guard
 */
export function replay(
  call: ChatCall,
  kept: KeptAnswer,
  streamOptions: string,
  fromCache: FromCache,
): CommittedAnswer | undefined {
  const { stream } = call.request as ChatRequest;
  const { parts, by } = kept;
  const isAsItCame = stream ? kept.stream?.options === streamOptions : kept.whole !== undefined;
  if (!isAsItCame && !parts.some(({ type }) => type === 'usage')) return undefined;
  return {
    kind: 'whole',
    statusCode: 200,
    headers: { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' },
    body: Buffer.from(stream ? streamOf(call, kept, streamOptions) : wholeOf(call, kept)),
    facts: factsOf(parts),
    parts,
    fromCache,
    deployment: { ...by, price: FREE },
  };
}

/** `guard-answer` sees a whole answer. */
function wholeOf(call: ChatCall, { whole, parts }: KeptAnswer): string {
  if (whole !== undefined) return whole;
  const { format } = call;
  const answer = gatherAnswer(parts);
  const name = answerName(call);
  if (format.kind === 'chat')
    return JSON.stringify(format.writeAnswer(answer, name, neutralOf(call, format)));
  if (format.kind === 'embeddings')
    return JSON.stringify(format.writeAnswer(answer, name, neutralOf(call, format)));
  throw new GatewayError('internal', { cause: new Error(`${format.name} has no answers that are kept`) });
}

function streamOf(call: ChatCall, { stream, parts }: KeptAnswer, streamOptions: string): string {
  const isGuarded = answerIsGuarded(call.guards);
  if (stream?.options === streamOptions && !isGuarded) return stream.text;
  const { format, guards, exchange } = call;
  const writer = format.kind === 'chat' && format.openStream?.(neutralOf(call, format), answerName(call));
  if (!writer) throw new GatewayError('internal', { cause: new Error(`${format.name} has no streams`) });
  const passage = new TranslatedPassage(writer, isGuarded ? new AnswerGuard(guards) : undefined);
  for (const part of withEnd(parts)) passage.take(part);
  const written = passage.last(undefined, () => '');
  const { stopped } = passage;
  if (stopped) {
    exchange.fail(stopped.code, stopped.cause);
    if (stopped.code !== 'content_filtered') throw new GatewayError(stopped.code, { cause: stopped.cause });
  }
  return written;
}

/** A whole answer does not say that nothing follows. */
const withEnd = (parts: readonly StreamPart[]): readonly StreamPart[] =>
  parts.some(({ type }) => type === 'end') ? parts : [...parts, { type: 'end' }];
