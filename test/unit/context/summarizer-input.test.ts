// A summary stands for all of the turns before it: whoever writes it must have read of all of them.
import { expect, test } from 'vitest';
import { type Compacted, compact } from '../../../src/context/compaction/compact.ts';
import { transcriptOf } from '../../../src/context/compaction/transcript.ts';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import { textTokens } from '../../../src/context/prompt/tokens.ts';
import type { SpokenTurn } from '../../../src/context/turn.ts';
import { atOnce } from '../../../src/lib/slices.ts';
import { assistant, turn, user } from './conversations.ts';

const MOST_INPUT = 60_000;
const ACCOUNT = '4711-0815';

/** Summarizes them by a model that says what it must, and no more. */
async function summarized(turns: readonly SpokenTurn[], capacity: number) {
  const asked: string[] = [];
  const memory = new ConversationMemory();
  atOnce(memory.follow(turns));
  const outcome: Compacted = await compact({
    turns,
    book: memory.book,
    summary: undefined,
    epoch: 0,
    settings: { trigger: 0.75, target: 0.45, recall: 0.1, verbatimTurns: 6, summarizer: 'small' },
    sizes: { capacity, system: 0, recalled: 0 },
    ask: async ({ text }) => {
      asked.push(text);
      return `The account number is ${ACCOUNT}.`;
    },
    signal: new AbortController().signal,
  });
  if (outcome.kind !== 'made') throw new Error(`nothing was made: ${outcome.kind}`);
  return { ...outcome, asked: asked[0] as string };
}

/** Versions of the turns whose users are heard. */
const toldOf = (text: string): Set<number> =>
  new Set([...text.matchAll(/^\[(\d+)\] user: /gm)].map(([, version]) => Number(version)));
const upTo = (version: number): Set<number> => new Set(Array.from({ length: version }, (_, i) => i + 1));

/** Turns of so many tokens each, as the plan has it; the first states something. */
const turnsOf = (
  count: number,
  says: (version: number) => string,
  { tokens = 100, answer = (version: number) => `Answer ${version}.` } = {},
): SpokenTurn[] =>
  Array.from({ length: count }, (_, i) => {
    const [version, stated] = [i + 1, i === 0 ? `My account number is ${ACCOUNT}. ` : ''];
    return turn(version, [user(stated + says(version)), assistant(answer(version))], tokens);
  });

test('a last turn of 300 kB takes the place of none before it: its own beginning and end are read', async () => {
  const log = `the log begins ${'nothing to see here '.repeat(15_000)}the log ends`;
  // As the fourteenth it is the last that is covered.
  const turns = turnsOf(20, (version) => (version === 14 ? log : `Question ${version}`));
  const { summary, by, asked } = await summarized(turns, 2600);
  expect([by, summary.covered]).toEqual(['model', 14]);
  expect(toldOf(asked)).toEqual(upTo(14));
  expect(asked).toContain(`[1] user: My account number is ${ACCOUNT}.`);
  expect(asked).toContain('[14] user: the log begins nothing');
  expect(asked).toContain('here the log ends\n[14] assistant: Answer 14.');
  expect(asked).toContain(' […] ');
  expect(textTokens(asked)).toBeLessThan(MOST_INPUT + 1000);
  expect(textTokens(asked)).toBeGreaterThan(MOST_INPUT - 1000);
});

test('of a conversation that is longer than a summarizer is given it reads the beginning as well, and what is short as it was said', async () => {
  const page = 'words of no weight '.repeat(500);
  const turns = turnsOf(60, (version) => `${page}question ${version}?`, { tokens: 2400 });
  const { summary, asked } = await summarized(turns, 150_000);
  expect(summary.covered).toBeGreaterThan(40);
  expect(toldOf(asked)).toEqual(upTo(summary.covered));
  for (let version = 1; version <= summary.covered; version++)
    expect(asked).toContain(`question ${version}?\n[${version}] assistant: Answer ${version}.\n`);
  expect(textTokens(asked)).toBeLessThan(MOST_INPUT + 1000);
});

test('of too many turns to be cut the first are left out, and what was definite in them is in the summary all the same', async () => {
  const weightless = 'words of no weight '.repeat(10);
  const says = (version: number) =>
    version === 1 ? `Please read "blue harbour" aloud. ${weightless}` : weightless;
  const turns = turnsOf(1200, says, { answer: () => weightless });
  const { summary, by, asked } = await summarized(turns, 150_000);
  expect(by).toBe('model');
  expect(toldOf(asked).has(1)).toBe(false);
  expect(toldOf(asked).has(summary.covered)).toBe(true);
  expect(summary.text).toContain('blue harbour');
  // What the model has said already is not said twice.
  expect(summary.text.split(ACCOUNT)).toHaveLength(2);
  expect(textTokens(asked)).toBeLessThan(MOST_INPUT + 1000);
});

test('a transcript that fits is whole, and no letter is cut in two', () => {
  const turns = [turn(1, [user('Grüße aus Łódź — 你好'), assistant('🙂')])];
  expect(transcriptOf(turns, 100)).toEqual({
    text: '[1] user: Grüße aus Łódź — 你好\n[1] assistant: 🙂',
    leftOut: 0,
  });
  for (const letter of ['ü', '你', '🙂'])
    for (let shift = 0; shift < 4; shift++) {
      const said = [turn(1, [user(`${'x'.repeat(shift)}${letter.repeat(500)}`)])];
      const { text } = transcriptOf(said, 60);
      expect(text).not.toContain('\uFFFD');
      expect(text.endsWith(letter)).toBe(true);
      expect(textTokens(text)).toBeLessThanOrEqual(61);
    }
});
