import { get_encoding } from 'tiktoken';
import { expect, it } from 'vitest';
import { openTokenCounter, tokensByLength } from '../../../../src/ai/tokens/counter.ts';
import { countTokens } from '../../../../src/ai/tokens/worker.ts';
import { cpuMs } from '../../../helpers/cpu-time.ts';

const exactly = (text: string): number => {
  const encoding = get_encoding('o200k_base');
  try {
    return encoding.encode_ordinary(text).length;
  } finally {
    encoding.free();
  }
};
const count = (text: string, model = 'gpt-4o-mini'): number => countTokens({ model, texts: [text] })[0] ?? -1;

it.each([
  ['prose', 'The quick brown fox jumps over the lazy dog. '.repeat(50)],
  ['Chinese', '你好，世界。今天天气很好。'.repeat(10)],
  ['emoji', '👋🏽 👨‍👩‍👧‍👦 🇵🇹 '.repeat(20)],
  ['code', 'for (let i = 0; i < 10; i++) {\n\tcall(`x${i}`);\n}\n'],
  ['nothing', ''],
  ['a special token as text', '<|endoftext|>'],
  ['a lone surrogate', 'a\ud800b'],
])('counts %s as the tokenizer does', (_what, text) => {
  expect(count(text)).toBe(exactly(text));
});

it('counts 50,000 unbroken letters in no time', () => {
  let tokens = 0;
  const ms = cpuMs(() => {
    tokens = count('abcdefghij'.repeat(5_000));
  });
  expect(ms).toBeLessThan(3_000);
  expect(tokens).toBeGreaterThan(5_000);
});

it('counts unbroken Chinese and emoji nearly as the tokenizer does', () => {
  for (const text of ['世界你好'.repeat(500), '😀🎉'.repeat(500)]) {
    expect(count(text) / exactly(text)).toBeCloseTo(1, 1);
  }
});

it('takes what is beyond 400,000 characters to be like it', () => {
  const line = 'The quick brown fox jumps over the lazy dog.\n';
  const times = Math.round(2_000_000 / line.length);
  expect(count(line.repeat(times)) / (times * exactly(line))).toBeCloseTo(1, 1);
});

it('counts for a model that is not OpenAI’s, and several texts at once, in its own thread', async () => {
  const counter = openTokenCounter();
  const counted = await counter.count('house-model-7', ['Hello there', '']);
  await counter.close();
  expect(counted).toEqual([2, 0]);
  expect(tokensByLength(['12345', ''])).toEqual([2, 0]);
});
