import type { Amount, AnswerFacts, Usage } from '../contracts/usage.ts';
import type { ChatCall, ChatRequest } from './chat-call.ts';

/**
 * Tokens that a model puts out a second, for each answer that it is asked for: what most that are sold come to, with the wait
 * for the first (2026). Words and pictures (gpt-image-1: 1,056 in some 20 s) alike.
 */
const TOKENS_A_SECOND = 50;

/**
 * Tokens that were generated where nobody saw them before a call was cut short: by the time that its provider was given. A
 * stream of words shows what it makes; a picture takes its time before the first event.
 * @param most that the call allows
 */
export function generatedUnseen(call: ChatCall, facts: AnswerFacts, most: number, isPicture = false): number {
  const { stream, answers } = call.request as ChatRequest;
  const isShown = stream && facts.characters === 0 && !isPicture;
  if (isShown || facts.text !== '' || call.sentAt < 0) return 0;
  const seconds = (call.ports.clock.monotonic() - call.sentAt) / 1000;
  return Math.min(most, Math.floor(answers * seconds * TOKENS_A_SECOND));
}

/** The same of a chat, whose text is counted where it came; vectors are no output that anybody counts. */
export function chatUnseen(call: ChatCall, facts: AnswerFacts): number {
  if (!facts.isCut || call.format.kind === 'embeddings') return 0;
  const { maxOutput, answers, thinking } = call.request as ChatRequest;
  return generatedUnseen(call, facts, maxOutput || answers * (call.budgets.output + thinking));
}

/**
 * Whether an answer had said before it was cut what all of it came to: of several pictures each says that for itself.
 * @param whole what it was to be
 */
export const saysAll = ({ usage, finishReason }: AnswerFacts, whole: Usage): boolean =>
  usage !== undefined && finishReason !== '' && (usage.images ?? 0) >= (whole.images ?? 0);

/** What is made step by step, and what is ordered and sold by the piece. */
const GENERATED = ['output', 'imageOutput'] as const;
const PIECES = ['images', 'audioSeconds', 'characters', 'searches'] as const;

/**
 * What an operation that was cut short came to. What it was given to read, and what it is sold by the piece, it came to in
 * full: nobody stops a picture, or hears half of a sound. Of what it generates, as much as there may have been by then.
 *
 * @param generated tokens
 * @param said by the provider before, of a part
 */
export function partOf(whole: Usage, generated: number, said?: Usage): Usage {
  const part = { ...whole, ...said, input: said?.input || whole.input };
  const before = (kind: Amount): number => said?.[kind] ?? 0;
  // What is to be spoken is known from its first letter to its last, and made faster than anybody listens.
  if (whole.audioOutput !== undefined) return part;
  for (const kind of GENERATED) if (whole[kind] !== undefined) part[kind] = Math.max(generated, before(kind));
  for (const kind of PIECES) if (whole[kind] !== undefined) part[kind] = Math.max(whole[kind], before(kind));
  return part;
}
