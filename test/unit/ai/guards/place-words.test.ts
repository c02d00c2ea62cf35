// What guards leave of a transcript is put back where it was said, at a price that grows with it and no faster.
import { expect, it } from 'vitest';
import { placeWords } from '../../../../src/ai/guards/place-words.ts';

it('a word that was said twice stands where each was, and one that is new before what follows it', () => {
  const words = ['a', 'cod', 'or', 'a', 'kite'].map((word, at) => ({ word, at }));
  const placed = placeWords(['a', '[X]', 'or', 'a', 'cod', 'kite', 'or'], words);
  expect([...placed].sort(([a], [b]) => a - b)).toEqual([
    [0, ['a']],
    [1, ['[X]']],
    [2, ['or']],
    [3, ['a']],
    [4, ['cod', 'kite', 'or']],
  ]);
});

it('each word is looked at once, however many of them were changed', () => {
  let looks = 0;
  const words = Array.from({ length: 1000 }, (_, at) => ({
    at,
    get word() {
      looks++;
      return at % 2 === 0 ? 'so' : 'secret';
    },
  }));
  const guarded = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? 'so' : `[X${at}]`));

  const placed = placeWords(guarded, words);

  expect([...placed.values()].flat()).toEqual(guarded);
  expect(looks).toBe(1000);
});
