import { type GuardText, guardedPieces } from './guarded-pieces.ts';

/** Of SubRip and WebVTT: when a cue is shown. */
const isTiming = (line: string | undefined): boolean => line !== undefined && /\d\s*-->\s*\d/.test(line);
const isEmpty = (line: string | undefined): boolean => line === undefined || line.trim() === '';

/** A transcript that is no JSON, as the guards leave it: a text, or subtitles, whose numbers and times are none. */
export function guardedTranscript(text: string, guard: GuardText): string {
  const lines = text.split(/\r?\n/);
  if (!lines.some(isTiming)) return guard(text);
  const isNumber = (i: number): boolean => isTiming(lines[i + 1]) && isEmpty(lines[i - 1]);
  const spoken = [...lines.keys()].filter((i) => !isTiming(lines[i]) && !isEmpty(lines[i]) && !isNumber(i));
  const guarded = guardedPieces(
    spoken.map((i) => lines[i] as string),
    guard,
  );
  const left = new Map(spoken.map((i, piece) => [i, guarded[piece] as string]));
  if (spoken.every((i) => left.get(i) === lines[i])) return text;
  return (
    lines
      .map((line, i) => left.get(i) ?? line)
      // An empty line would end its cue.
      .filter((line, i) => line !== '' || lines[i] === '')
      .join(text.includes('\r\n') ? '\r\n' : '\n')
  );
}
