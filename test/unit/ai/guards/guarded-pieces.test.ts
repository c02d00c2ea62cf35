// Pieces of one text are guarded as that text: what begins in one of them and ends in the next is found.
import { expect, it } from 'vitest';
import { guardedPieces } from '../../../../src/ai/guards/guarded-pieces.ts';
import { guardedTranscript } from '../../../../src/ai/guards/guarded-transcript.ts';

const hide = (text: string): string => text.replace(/red fish(?: and chips)?|\bcod\b/g, '[X]');

it.each<[string, string[], string[]]>([
  ['nothing', [' A ', '', 'kite\n'], [' A ', '', 'kite\n']],
  ['a piece', ['the  cod ', ' and\tthe kite'], ['the  [X] ', ' and\tthe kite']],
  ['two', [' the red', ' fish was  here', ' too '], [' the [X]', ' was here', ' too ']],
  ['several', ['a red', ' fish', ' and', ' chips, please'], ['a [X],', '', '', ' please']],
  ['all of them', ['red', 'fish', 'and', 'chips'], ['[X]', '', '', '']],
  ['two, twice', ['red', 'fish or red', 'fish'], ['[X]', 'or [X]', '']],
])('%s', (_, pieces, left) => {
  expect(guardedPieces(pieces, hide)).toEqual(left);
});

it('whatever a guard makes of it, nothing is said that it has not let through', () => {
  const pieces = ['one two', 'three', 'four five'];
  for (const made of ['', 'five four three', 'six', 'one two three four five six', 'one  one  five'])
    expect(
      guardedPieces(pieces, () => made)
        .flatMap((piece) => piece.split(/\s+/))
        .filter((word) => word !== '')
        .sort(),
    ).toEqual(
      made
        .split(/\s+/)
        .filter((word) => word !== '')
        .sort(),
    );
});

it('of subtitles only what is said is guarded, and a line that is gone ends no cue', () => {
  const vtt = (...lines: string[]) => ['WEBVTT', '', 'cod', '00:00.000 --> 00:02.000', ...lines].join('\r\n');
  expect(guardedTranscript(vtt('a red', 'fish', 'here', ''), hide)).toBe(vtt('a [X]', 'here', ''));
  expect(guardedTranscript(vtt('a kite', ''), hide)).toBe(vtt('a kite', ''));
  expect(guardedTranscript('a cod\n\nand --> more\n', hide)).toBe('a [X]\n\nand --> more\n');
});
