import { placeWords } from './place-words.ts';

/** What guards leave of a text. It throws what one of them ends the answer with. */
export type GuardText = (text: string) => string;

/**
 * Pieces of what is one text: segments of a transcript, its words, lines of subtitles. They are guarded as that text, since
 * what is looked for may begin in one of them and end in the next: it is changed where it begins, and gone from the others.
 */
export function guardedPieces(pieces: readonly string[], guard: GuardText): readonly string[] {
  const words = pieces.flatMap((piece, at) => wordsOf(piece).map((word) => ({ word, at })));
  const whole = words.map(({ word }) => word).join(' ');
  const guarded = guard(whole);
  if (guarded === whole) return pieces;
  const alone = pieces.map(guard);
  if (alone.flatMap(wordsOf).join(' ') === wordsOf(guarded).join(' ')) return alone;
  const placed = placeWords(wordsOf(guarded), words);
  return pieces.map((piece, at) => {
    const text = wordsOf(piece).join(' ');
    const left = placed.get(at)?.join(' ') ?? '';
    return left === text ? piece : left && `${/^\s*/.exec(piece)?.[0]}${left}`;
  });
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
