import fc from 'fast-check';
import MiniSearch from 'minisearch';
import { expect, test } from 'vitest';
import { countedTerms, Postings } from '../../../src/context/recall/postings.ts';
import { termOf, wordsOf } from '../../../src/context/recall/words.ts';

const WORDS =
  'the where parcel parcels Parcel order ordered 4711 river walked walking lamp’s Ada was constructor'.split(
    ' ',
  );
const text = fc
  .array(fc.constantFrom(...WORDS), { maxLength: 12, size: 'max' })
  .map((words) => words.join(' '));

/** What MiniSearch says of them, by position. */
function byMiniSearch(texts: readonly string[], weights: ReadonlyMap<string, number>): number[] {
  const search = new MiniSearch({ fields: ['text'], tokenize: wordsOf, processTerm: termOf });
  search.addAll(texts.map((each, id) => ({ id, text: each })));
  const scores = texts.map(() => 0);
  const found = search.search('any', {
    tokenize: () => [...weights.keys()],
    processTerm: (term) => term,
    boostTerm: (term) => weights.get(term) as number,
  });
  for (const { id, score } of found) scores[id as number] = score;
  return scores;
}

test('passages have to the bit the scores that MiniSearch gives them', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 30, size: 'max' }), text, (texts, question) => {
      const postings = new Postings();
      for (const each of texts) postings.add(wordsOf(each));
      const weights = new Map(
        [...countedTerms(wordsOf(question))].map(([term, count]) => [term, 0.3 * count]),
      );

      const scores = [...(postings.scores(weights) ?? texts.map(() => 0))];

      expect(scores).toEqual(byMiniSearch(texts, weights));
    }),
  );
});

test('where no passage holds any of the terms there are no scores', () => {
  const postings = new Postings();
  postings.add(['lamp']);

  expect(postings.scores([['river', 1]])).toBeUndefined();
});
