import type { StreamPart } from '../../contracts/stream-part.ts';
import type { ChatCall } from '../chat-call.ts';
import { gatherAnswer } from '../gather-answer.ts';
import { AnswerGuard, answerIsGuarded } from '../guards/answer-guard.ts';
import { answerName, neutralOf } from '../prepared-call.ts';

/** Shows a whole answer to the guards. It and its parts are written anew if they changed it, and else go on as they came. */
export function guardAnswer(call: ChatCall): void {
  const { answer, format, guards } = call;
  if (answer?.kind !== 'whole' || !answer.facts || format.kind !== 'chat' || !answerIsGuarded(guards)) return;
  const guard = new AnswerGuard(guards);
  const parts: StreamPart[] = answer.parts.flatMap((part) => guard.take(part));
  parts.push(...guard.end());
  const guarded = gatherAnswer(parts);
  const contents = JSON.stringify(guarded.choices.map(({ content }) => content));
  const before = gatherAnswer(answer.parts.filter(({ type }) => type !== 'citation'));
  if (contents === JSON.stringify(before.choices.map(({ content }) => content))) return;
  const written = format.writeAnswer(guarded, answerName(call), neutralOf(call, format));
  call.answer = { ...answer, parts, body: Buffer.from(JSON.stringify(written)) };
}
