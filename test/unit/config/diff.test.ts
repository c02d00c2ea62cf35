import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diffLines } from '../../../src/config/diff.ts';
import { cpuMs } from '../../helpers/cpu-time.ts';

const shown = (before: string, after: string): string[] =>
  diffLines(before, after).map(
    ({ kind, text, line }) => `${line}${{ same: ' ', added: '+', removed: '-' }[kind]}${text}`,
  );

it('shows what changed with two lines around it', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\n';
  expect(shown(before, 'a\nb\nc\nD\ne\nf\ng\n')).toEqual(['2 b', '3 c', '4-d', '4+D', '5 e', '6 f']);
  expect(shown(before, before)).toEqual([]);
  expect(shown('', 'a\n')).toEqual(['1+a']);
  expect(shown('a\n', '')).toEqual(['1-a']);
});

it('finds the shortest way (the example of Myers’ paper)', () => {
  const edits = shown('A\nB\nC\nA\nB\nB\nA', 'C\nB\nA\nB\nA\nC').filter((line) => !line.includes(' '));
  expect(edits).toHaveLength(5);
});

it('what was removed and added makes the new text of the old one', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30, size: 'max' });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const diff = diffLines(a.join('\n'), b.join('\n'));
      const removed = new Set(diff.filter(({ kind }) => kind === 'removed').map(({ line }) => line - 1));
      const added = new Map(
        diff.filter(({ kind }) => kind === 'added').map(({ line, text }) => [line - 1, text]),
      );
      const kept = a.filter((_, at) => !removed.has(at));
      const made = b.map((_, at) => added.get(at) ?? kept.shift());
      expect(made).toEqual(b);
      expect(kept).toEqual([]);
    }),
  );
});

it('two long texts with nothing in common are compared in a moment', () => {
  const lines = (name: string) => Array.from({ length: 20_000 }, (_, n) => `${name} ${n}`).join('\n');
  const [before, after] = [lines('a'), lines('b')];
  expect(cpuMs(() => expect(diffLines(before, after)).toHaveLength(40_000))).toBeLessThan(5000);
});
