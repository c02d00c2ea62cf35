// What a request lets its provider's own tools come to: searches, and containers that code runs in.
import { expect, it } from 'vitest';
import { askedTools, withTools } from '../../../../src/ai/budgets/asked-tools.ts';

const ANY = Number.POSITIVE_INFINITY;
const NONE = { searches: 0, fileSearches: 0, containers: 0 };
const claude = { type: 'web_search_20250305', name: 'web_search' };

it.each<[string, object, object]>([
  ['Claude, with a bound', { tools: [{ ...claude, max_uses: 3 }] }, { searches: 3 }],
  ['Claude, without one', { tools: [claude] }, { searches: ANY }],
  [
    'Claude is not bound by what binds OpenAI’s',
    { tools: [{ ...claude, type: 'web_search_20260209' }], max_tool_calls: 1 },
    { searches: ANY },
  ],
  ['OpenAI, with a bound', { tools: [{ type: 'web_search' }], max_tool_calls: 4 }, { searches: 4 }],
  [
    'nor OpenAI by what binds Claude',
    { tools: [{ type: 'web_search_2025_08_26', max_uses: 1 }] },
    { searches: ANY },
  ],
  ['OpenAI’s former one', { tools: [{ type: 'web_search_preview' }] }, { searches: ANY }],
  ['files', { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }, { fileSearches: ANY }],
  ['a bound that is none', { tools: [{ ...claude, max_uses: -1 }] }, { searches: ANY }],
  ['Gemini', { tools: [{ functionDeclarations: [] }, { google_search: {} }] }, { searches: ANY }],
  ['as Google’s libraries write it, alone', { tools: { googleSearch: {} } }, { searches: ANY }],
  ['a container', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }, { containers: 1 }],
  ['a shell’s', { tools: [{ type: 'shell', environment: { type: 'container_auto' } }] }, { containers: 1 }],
])('%s', (_who, body, uses) => {
  expect(askedTools(body as Record<string, unknown>)).toEqual({ ...NONE, ...uses });
});

it.each([
  {},
  { tools: null },
  { tools: [] },
  { tools: 'web_search' },
  { tools: [null, 'web_search', ['web_search']] },
  { tools: [{ type: 'function', function: { name: 'web_search' } }, { name: 'google_search' }] },
  { tools: [{ type: 'constructor' }, { type: 'toString' }] },
  {
    tools: [
      { type: 'code_interpreter', container: 'cntr_1' },
      { type: 'shell', environment: { type: 'local' } },
    ],
  },
])('%j: none of them', (body) => {
  expect(askedTools(body as Record<string, unknown>)).toBeUndefined();
});

it('what sets no bound has that of the config; what a call is sold by itself stays', () => {
  const usage = { input: 1, output: 2, cached: 0 };
  expect(withTools(usage, undefined, 10)).toBe(usage);
  const asked = { searches: ANY, fileSearches: 3, containers: 1 };
  expect(withTools(usage, asked, 10)).toEqual({ ...usage, searches: 10, fileSearches: 3, containers: 1 });
  expect(withTools({ ...usage, searches: 7 }, asked, 10)).toMatchObject({ searches: 7 });
});
