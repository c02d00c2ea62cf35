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
  const vtt = (...lines: string[]) => ['WEBVTT', '', '12', '00:00.000 --> 00:02.000', ...lines].join('\r\n');
  expect(guardedTranscript(vtt('a red', 'fish', 'here', ''), hide)).toBe(vtt('a [X]', 'here', ''));
  expect(guardedTranscript(vtt('a kite', ''), hide)).toBe(vtt('a kite', ''));
  expect(guardedTranscript('a cod\n\nand --> more\n', hide)).toBe('a [X]\n\nand --> more\n');
  const placed = '1:00:00.000 --> 01:00:02.000 line:-1,start position:50.5%,line-left align:left';
  const times = (text: string): string => text.replaceAll(/\d+/g, '[N]');
  expect(guardedTranscript(`${placed}\n4 kites\n`, times)).toBe(`${placed}\n[N] kites\n`);
});

it('in a list of JSON what is said is one text, and the list stays as it was written', () => {
  const list = (...said: string[]): string =>
    `[{"text":"${said[0]}", "at":1.50, "at":2},\n {"text": "${said[1]}"}]\n`;
  expect(guardedTranscript(list(String.raw`a \u0063od`, ' swims'), hide)).toBe(list('a [X]', ' swims'));
  expect(guardedTranscript(list('a red', 'fish here'), hide)).toBe(list('a [X]', 'here'));
  const kites = list(String.raw`a k\u0069te`, 'here');
  expect(guardedTranscript(kites, hide)).toBe(kites);
  expect(guardedTranscript('["a cod", here]', hide)).toBe('["a [X]", here]');
});

it.each([
  ['a text that holds an arrow', 'From 0 --> 1 a cod'],
  ['a text that holds times', 'a cod\nat 00:00.000 --> 00:02.000 a cod\n'],
  ['what stands behind times', '00:00.000 --> 00:02.000 cod\na kite\n\n00:02.000 --> 00:04.000\nhere\n'],
  ['what stands before them', 'cod 00:00.000 --> 00:02.000\na kite\n\n00:02.000 --> 00:04.000\nhere\n'],
  [
    'what is said to be a place',
    '00:00.000 --> 00:02.000 align:cod\n\n00:02.000 --> 00:04.000 line:cod\nhere',
  ],
  ['what a cue is called', 'WEBVTT\n\ncod\n00:00.000 --> 00:02.000\na kite\n'],
])('%s is read: nobody says a word in the times of subtitles', (_, text) => {
  expect(guardedTranscript(text, hide)).toBe(text.replaceAll('cod', '[X]'));
});
