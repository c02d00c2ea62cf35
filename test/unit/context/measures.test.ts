import { describe, expect, test } from 'vitest';
import { isComplaint } from '../../../src/context/measures/complaint.ts';
import { measureTurn } from '../../../src/context/measures/measure-turn.ts';
import { SizeOutliers } from '../../../src/context/measures/size-outlier.ts';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import type { SpokenTurn } from '../../../src/context/turn.ts';
import { atOnce } from '../../../src/lib/slices.ts';
import { talk } from './conversations.ts';

const SAID = talk(
  ['Hello, my account number is 4711-0815.', 'Thank you. What is your email address?'],
  ['It is ada@example.com', 'Noted. Which lamp do you mean?'],
  ['The green one with the brass foot', 'The Helsinki lamp, I see.'],
);

function memoryOf(turns: readonly SpokenTurn[]): ConversationMemory {
  const memory = new ConversationMemory();
  atOnce(memory.follow(turns));
  return memory;
}

const measured = (
  question: string,
  answer: string,
  included: Partial<Parameters<typeof measureTurn>[1]['included']> = {},
) =>
  measureTurn(memoryOf(SAID), {
    version: 4,
    question,
    answer,
    included: { isVerbatim: () => true, summary: '', recalled: [], ...included },
  });

describe('how well context served a turn', () => {
  test('recall: the facts that the question needs were in the prompt, or were not', () => {
    const question = 'What is my account number?';
    expect(measured(question, '').recall).toBe(1);
    expect(measured(question, '', { isVerbatim: (version) => version > 1 }).recall).toBe(0);
    expect(
      measured(question, '', { isVerbatim: () => false, summary: '- account number: 4711-0815' }).recall,
    ).toBe(1);
    expect(measured('How is the weather?', '').recall).toBe(-1);
    const others = 'account numbers 14711-0815 and 4711-08155';
    const recalled = [{ version: 2, place: 0, speaker: 'user' as const, text: others }];
    expect(measured(question, '', { isVerbatim: () => false, summary: others, recalled }).recall).toBe(0);
  });

  test('usage: the share of what was recalled whose rare words the answer has', () => {
    const recalled = [
      { version: 3, place: 1, speaker: 'assistant' as const, text: 'The Helsinki lamp, I see.' },
      { version: 2, place: 0, speaker: 'user' as const, text: 'It is ada@example.com' },
    ];
    expect(measured('Which one was it?', 'It was the Helsinki one.', { recalled }).usage).toBe(0.5);
    expect(measured('Which one was it?', 'No idea.').usage).toBe(-1);
  });

  test('relevance: what was included is like what was asked, or not', () => {
    const near = measured('the green lamp with a brass foot', '').relevance;
    const far = measured('prime numbers beyond infinity', '').relevance;
    expect(near).toBeGreaterThan(far);
    expect(far).toBeLessThan(0.1);
  });

  test.each([
    ['Could you tell me your account number?', 'type'],
    ['What is your email address?', 'both'],
    ['Which lamp do you mean?', 'similar'],
    ['Shall I send it today?', ''],
    ['Your account number is 4711-0815.', ''],
  ])('re-ask: %s %s', (answer, found) => {
    expect(measured('So?', answer).reAsk).toBe(found);
  });

  test('what the user says only now was not answered before', () => {
    const memory = memoryOf([
      ...SAID,
      ...talk(['a', 'b'], ['a', 'b'], ['a', 'b'], ['My seat is 12A', 'Which seat?']).slice(3),
    ]);
    expect(
      measureTurn(memory, {
        version: 4,
        question: 'My seat is 12A',
        answer: 'Is your seat 12A?',
        included: { isVerbatim: () => true, summary: '', recalled: [] },
      }).reAsk,
    ).toBe('');
  });

  test.each([
    ['But I already told you!', true],
    ['I  ALREADY\n gave you the number', true],
    ['don’t you remember?', true],
    ['Das habe ich doch schon gesagt', true],
    ['Tell me about lamps', false],
    ['It is all ready', false],
  ])('complaint: %s', (text, is) => {
    expect(isComplaint(text)).toBe(is);
  });
});

describe('sizes out of proportion', () => {
  test('are told by what is usual for the model, once that is known', () => {
    const sizes = new SizeOutliers();
    expect(sizes.observe('a', 1_000_000)).toBe(false);
    for (let i = 0; i < 60; i++) expect(sizes.observe('a', 1000 + (i % 10) * 20)).toBe(false);
    expect(sizes.observe('a', 1400)).toBe(false);
    expect(sizes.observe('a', 40_000)).toBe(true);
    expect(sizes.observe('a', 10)).toBe(true);
    expect(sizes.observe('b', 40_000)).toBe(false);
  });

  test('growth that goes on becomes what is usual', () => {
    const sizes = new SizeOutliers();
    let alarms = 0;
    for (let i = 0; i < 400; i++) if (sizes.observe('a', 1000 * 1.01 ** i)) alarms++;
    expect(alarms).toBe(0);
  });
});
