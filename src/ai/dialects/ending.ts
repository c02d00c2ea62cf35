import type { FinishReason, StreamPart } from '../../contracts/stream-part.ts';

/** The words of one API for how an answer ended. */
export interface EndingWords {
  /** Ours for theirs; a word that is in neither list goes by itself. */
  readonly reasons: Readonly<Record<string, FinishReason>>;
  /** Those that say under a good status that the answer failed: what came of it is not the whole. */
  readonly failures: ReadonlySet<string>;
  /** A word that is in neither list is no good end. */
  readonly othersFail?: true;
}

/** The part that a finish reason becomes: an end, or a failure that another model may make good while nothing was sent. */
export function ending(
  word: string,
  { reasons, failures, othersFail }: EndingWords,
  choice?: number,
): StreamPart {
  const reason = reasons[word] ?? (othersFail ? undefined : word.toLowerCase());
  if (reason === undefined || failures.has(word))
    return { type: 'error', message: `the model ended with ${word}` };
  return { type: 'finish', reason, choice };
}
