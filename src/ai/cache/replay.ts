import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from '../chat-call.ts';
import { ownAnswer } from '../own-answer.ts';
import type { FromCache, KeptAnswer } from './kept-answer.ts';

const FREE = (): number => 0;

/**
 * A kept answer as one to this call: the bytes of its provider where they came in the form that is asked for, else
 * written anew. Guards see it like any other.
 *
 * @returns undefined if another form of it is asked for, and it did not say what it had used
 */
export function replay(
  call: ChatCall,
  kept: KeptAnswer,
  streamOptions: string,
  fromCache: FromCache,
): CommittedAnswer | undefined {
  const { parts, by, whole } = kept;
  const stream = kept.stream?.options === streamOptions ? kept.stream.text : undefined;
  const asItCame = (call.request as ChatRequest).stream ? stream : whole;
  if (asItCame === undefined && !parts.some(({ type }) => type === 'usage')) return undefined;
  return {
    ...ownAnswer(call, withEnd(parts), asItCame),
    fromCache,
    deployment: { ...by, price: FREE },
  };
}

/** A whole answer does not say that nothing follows. */
const withEnd = (parts: readonly StreamPart[]): readonly StreamPart[] =>
  parts.some(({ type }) => type === 'end') ? parts : [...parts, { type: 'end' }];
