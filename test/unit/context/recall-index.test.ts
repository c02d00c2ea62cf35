import { describe, expect, test } from 'vitest';
import { RecallIndex } from '../../../src/context/recall/recall-index.ts';

function indexOf(...passages: [speaker: string, text: string, episode?: number][]): RecallIndex {
  const index = new RecallIndex();
  for (const [speaker, text, episode = 1] of passages) index.add({ speaker, text, episode });
  return index;
}

const CHAT: [string, string, number?][] = [
  ['Ada', 'My account number is 4711-0815.'],
  ['Bob', 'Thank you, I have noted it.'],
  ['Ada', 'The parcel came on Tuesday.'],
  ['Bob', 'Was it damaged?'],
  ['Ada', 'The box was, the lamp inside was not.'],
  ['Bob', 'The weather has been dreadful here.', 2],
  ['Ada', 'We walked along the river all the same.', 2],
];

describe('what a question recalls of a conversation', () => {
  test('the passage that shares its words comes first', () => {
    expect(indexOf(...CHAT).rank('Which account number did I give you?')[0]).toBe(0);
  });

  test('another form of the word finds it as well', () => {
    expect(indexOf(...CHAT).rank('walking by rivers')[0]).toBe(6);
  });

  test('an answer that shares no word with the question is found beside the one that does', () => {
    const ranked = indexOf(...CHAT).rank('Was anything damaged?');
    expect(ranked.slice(0, 3)).toContain(4);
  });

  test('a neighbour across a long pause has nothing to do with it', () => {
    const ranked = indexOf(...CHAT).rank('weather');
    expect(ranked).toContain(6);
    expect(ranked).not.toContain(4);
  });

  test('who is asked about is heard before who talked about them', () => {
    const ranked = indexOf(
      ['Bob', 'Ada, do you still paint landscapes'],
      ['Ada', 'I paint portraits now'],
      ['Bob', 'I paint fences'],
    ).rank('What does Ada paint?');
    expect(ranked[0]).toBe(1);
  });

  test('of equals the later one comes first', () => {
    expect(indexOf(['a', 'blue'], ['b', 'sky', 2], ['a', 'blue', 3]).rank('blue').slice(0, 2)).toEqual([
      2, 0,
    ]);
  });

  test('a question of nothing but stop words recalls nothing', () => {
    expect(indexOf(...CHAT).rank('What is it?')).toEqual([]);
    expect(indexOf(...CHAT).rank('')).toEqual([]);
  });

  test('an empty conversation has nothing to recall', () => {
    expect(new RecallIndex().rank('account number')).toEqual([]);
  });

  test('words of other scripts are words', () => {
    expect(indexOf(['a', 'мой номер счёта 4711'], ['b', 'спасибо', 2]).rank('номер')[0]).toBe(0);
  });

  test('the same conversation gives the same order, however it was asked before', () => {
    const index = indexOf(...CHAT);
    const first = index.rank('the lamp in the box');
    index.rank('river');
    expect(index.rank('the lamp in the box')).toEqual(first);
  });
});
