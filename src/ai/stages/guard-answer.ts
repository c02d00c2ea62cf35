import type { Format } from '../../contracts/format.ts';
import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall, ChatRequest, CommittedAnswer } from '../chat-call.ts';
import { gatherAnswer } from '../gather-answer.ts';
import { AnswerGuard, answerIsGuarded } from '../guards/answer-guard.ts';
import { guardOperation } from '../guards/guard-operation.ts';
import { TranslatedPassage } from '../passage.ts';
import { answerName, askedOf } from '../prepared-call.ts';
import { TurnTape } from '../turn-tape.ts';

type Whole = Extract<CommittedAnswer, { kind: 'whole' }>;

/**
 * Shows an answer that is all there to the guards. It and its parts are written anew if they changed it, and else go on as
 * they came; as a stream it is written anew in any case, like one that comes from a provider now.
 */
export function guardAnswer(call: ChatCall): void | Promise<void> {
  if (call.format.kind === 'operation') return guardOperation(call, call.format);
  const { answer, format, guards, request } = call;
  if (answer?.kind !== 'whole' || !answer.facts || format.kind !== 'chat' || !answerIsGuarded(guards)) return;
  const guarded = (request as ChatRequest).stream
    ? guardStream(call, format, answer)
    : guardWhole(call, format, answer);
  if (guarded) call.answer = { ...answer, ...guarded };
}

type Guarded = Pick<Whole, 'parts' | 'body'>;

/** @throws what a guard ends the answer with */
function guardWhole(call: ChatCall, format: Format, answer: Whole): Guarded | undefined {
  const guard = new AnswerGuard(call.guards, isTold(call));
  const parts: StreamPart[] = answer.parts.flatMap((part) => guard.take(part));
  parts.push(...guard.end());
  if (contentsOf(parts) === contentsOf(answer.parts) && !citesAnew(parts, answer.parts)) return undefined;
  const written = format.writeAnswer(gatherAnswer(parts), answerName(call), askedOf(call, format));
  return { parts, body: Buffer.from(JSON.stringify(written)) };
}

/** Who was named before in its conversation the guards of this call have not seen. */
const isTold = ({ exchange }: ChatCall): boolean => exchange.context?.status === 'replay';

/** Whether a guard has changed the words that are cited. */
function citesAnew(parts: readonly StreamPart[], before: readonly StreamPart[]): boolean {
  const known = new Set(before);
  return parts.some((part) => part.type === 'citation' && !known.has(part));
}

/** Without what is cited: where it is left out, its text has been changed. */
function contentsOf(parts: readonly StreamPart[]): string {
  const { choices } = gatherAnswer(parts.filter(({ type }) => type !== 'citation'));
  return JSON.stringify(choices.map(({ content }) => content));
}

/**
 * Of one that was kept, or is ours: all of it is known, and what is forbidden in it ends it where it stands.
 *
 * @throws what a guard ends the answer with, for which a stream has no place
 */
function guardStream(call: ChatCall, format: Format, answer: Whole): Guarded | undefined {
  const writer = format.openStream?.(askedOf(call, format), answerName(call));
  if (!writer) return undefined;
  const told = new TurnTape();
  const passage = new TranslatedPassage(writer, new AnswerGuard(call.guards, isTold(call)), told);
  for (const part of answer.parts) passage.take(part);
  const body = Buffer.from(passage.last(undefined, () => ''));
  const { stopped } = passage;
  if (stopped && stopped.code !== 'content_filtered') throw stopped.cause;
  if (stopped) call.exchange.fail(stopped.code, stopped.cause);
  return { parts: told.parts, body };
}
