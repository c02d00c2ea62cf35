// Pictures that a request only names are reserved for, too.
import { expect, it } from 'vitest';
import { picturesAtMost } from '../../../../src/ai/budgets/estimate.ts';
import { requestFacts } from '../../../../src/ai/request-facts.ts';

it.each([
  ['OpenAI chat', { type: 'image_url', image_url: { url: 'https://x/y.png' } }],
  ['OpenAI responses', { type: 'input_image', image_url: 'https://x/y.png' }],
  ['Anthropic', { type: 'image', source: { type: 'url', url: 'https://x/y.png' } }],
])('%s', (_format, part) => {
  const bodyOf = (count: number, space: number) =>
    Buffer.from(JSON.stringify({ content: Array.from({ length: count }, () => part) }, null, space));
  expect([bodyOf(0, 0), bodyOf(1, 0), bodyOf(3, 1)].map(picturesAtMost)).toEqual([0, 1600, 4800]);
});

it('an effort stands for the budget that a provider may be given for it', () => {
  const thinking = (body: object) => requestFacts({ ...body }, {}).thinking;
  expect(thinking({ reasoning_effort: 'max' })).toBe(49_152);
  expect(thinking({ reasoning: { effort: 'high' } })).toBe(24_576);
  expect(thinking({ thinking: { type: 'enabled', budget_tokens: 5_000 } })).toBe(5_000);
  expect(thinking({})).toBe(0);
});
