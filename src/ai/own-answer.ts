import type { AnswerName } from '../contracts/format.ts';
import type { StreamPart } from '../contracts/stream-part.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from './chat-call.ts';
import { gatherAnswer } from './gather-answer.ts';
import { factsOf } from './part-facts.ts';
import { answerName, neutralOf } from './prepared-call.ts';

type Whole = Extract<CommittedAnswer, { kind: 'whole' }>;

/**
 * An answer that no provider is giving now, all of which is known: in the client's own format, and as a stream where the
 * call asks for one.
 *
 * @param body its bytes, where they are there already
 */
export function ownAnswer(
  call: ChatCall,
  parts: readonly StreamPart[],
  body: string | Buffer = writeParts(call, parts, answerName(call)),
): Pick<Whole, 'kind' | 'statusCode' | 'headers' | 'body' | 'facts' | 'parts'> {
  const { stream } = call.request as ChatRequest;
  return {
    kind: 'whole',
    statusCode: 200,
    headers: { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' },
    body: Buffer.from(body),
    facts: factsOf(parts),
    parts,
  };
}

/** @param name what it is known by to the client */
export function writeParts(call: ChatCall, parts: readonly StreamPart[], name: AnswerName): string {
  const { format, request } = call;
  if (format.kind === 'embeddings')
    return JSON.stringify(format.writeAnswer(gatherAnswer(parts), name, neutralOf(call, format)));
  if (format.kind !== 'chat')
    throw new GatewayError('internal', { cause: new Error(`answers of ${format.name} are never written`) });
  const neutral = neutralOf(call, format);
  const writer = (request as ChatRequest).stream ? format.openStream?.(neutral, name) : undefined;
  return writer
    ? parts.map((part) => writer.write(part)).join('') + writer.end()
    : JSON.stringify(format.writeAnswer(gatherAnswer(parts), name, neutral));
}
