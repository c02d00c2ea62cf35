import { expect, it } from 'vitest';
import { askedCache } from '../../../../src/ai/budgets/asked-cache.ts';

const said = (part: object) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [part] }] });
const text = { type: 'text', text: 'Hello' };

it.each([
  ['nothing', said(text), ''],
  ['what only speaks of it', said({ ...text, text: 'a "cache_control" with "ttl": "1h"' }), ''],
  ['letters of other scripts', said(text).replace('Hello', '\\u00e9\\u2026\\u003c\\u0060'), ''],
  ['Anthropic’s mark', said({ ...text, cache_control: { type: 'ephemeral' } }), 'usual'],
  ['for five minutes', said({ ...text, cache_control: { type: 'ephemeral', ttl: '5m' } }), 'usual'],
  ['for an hour', said({ ...text, cache_control: { type: 'ephemeral', ttl: '1h' } }), 'hour'],
  ['OpenAI’s mark', said({ ...text, prompt_cache_breakpoint: { ttl: '30m' } }), 'hour'],
  ['Amazon’s', said({ cachePoint: { type: 'default' } }), 'usual'],
  ['a time written with spaces', '{"cache_control" : {"ttl"  :  "1h"}}', 'hour'],
  ['five minutes with spaces', '{"cache_control": {"type": "ephemeral", "ttl": "5m"}}', 'usual'],
  ['a hidden letter', '{"c\\u0061che_control":{"type":"ephemeral"}}', 'usual'],
  ['a hidden letter, and an hour', '{"c\\u0061che_control":{"t\\u0074l":"1\\u0068"}}', 'hour'],
  ['a text that speaks of escapes', said({ ...text, text: 'write \\u0041 for A' }), ''],
])('a body with %s', (_, body, kept) => {
  expect(askedCache(Buffer.from(body))).toBe(kept);
});
