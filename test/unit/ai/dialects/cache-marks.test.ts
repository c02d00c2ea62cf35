// Marks for a cache, which OpenAI and Anthropic count in other times.
import { expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import type { FormatName } from '../../../../src/contracts/format.ts';
import { convert } from '../../../helpers/translate.ts';

const ASKED: Readonly<Partial<Record<FormatName, (mark: object) => object>>> = {
  'openai-chat': (mark) => ({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', ...mark }] }],
  }),
  'openai-responses': (mark) => ({
    input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi', ...mark }] }],
  }),
};

it.each<[FormatName, string | undefined, string | undefined]>(
  (['openai-chat', 'openai-responses'] as const).flatMap((from) => [
    [from, '30m', '1h'],
    [from, '12h', '1h'],
    [from, '5m', '5m'],
    [from, undefined, undefined],
  ]),
)('%s: what is kept for %s is kept for %s', (from, ttl, kept) => {
  const breakpoint = { mode: 'explicit', ...(ttl !== undefined && { ttl }) };
  const asked = {
    ...ASKED[from]?.({ prompt_cache_breakpoint: breakpoint }),
    prompt_cache_options: { mode: 'explicit', ttl: '30m' },
    prompt_cache_retention: '24h',
  };
  const time = kept === undefined ? {} : { ttl: kept };
  expect(convert(from, anthropic, asked, 'claude-haiku-4-5').messages).toEqual([
    { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ...time } }] },
  ]);
  expect(convert(from, bedrock, asked, 'anthropic.claude-haiku-4-5-20251001-v1:0').messages).toEqual([
    { role: 'user', content: [{ text: 'Hi' }, { cachePoint: { type: 'default', ...time } }] },
  ]);
});
