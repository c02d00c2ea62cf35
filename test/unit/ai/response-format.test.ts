// The form that an answer shall have, as those say it who speak OpenAI's API, reaches models of others, or is refused by its name.
import { expect, it } from 'vitest';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import { refusedField, sent } from '../../helpers/translation.ts';

const HI = { role: 'user', content: 'Hi' };
const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
const asks = (from: FormatName, format: object): object =>
  from === 'openai-chat' ? { messages: [HI], response_format: format } : { input: 'Hi', text: { format } };

it.each(['openai-chat', 'openai-responses'] as const)('%s: a schema beside json_object', (from) => {
  const asked = asks(from, { type: 'json_object', schema });
  expect(sent(from, gemini, asked)).toMatchObject({
    generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema },
  });
  expect(sent(from, cohere, asked)).toMatchObject({
    response_format: { type: 'json_object', json_schema: schema },
  });
  expect(sent(from, anthropic, asked)).toMatchObject({
    output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
  });
});

it.each(['openai-chat', 'openai-responses'] as const)('%s: JSON of any kind is still that', (from) => {
  const asked = asks(from, { type: 'json_object' });
  expect(sent(from, gemini, asked).generationConfig).toEqual({ responseMimeType: 'application/json' });
  expect(sent(from, cohere, asked).response_format).toEqual({ type: 'json_object' });
});

const named = { name: 'a', schema };
it.each<[FormatName, object, string]>([
  ['openai-chat', { type: 'json_object', of: 1 }, 'response_format.of'],
  ['openai-chat', { type: 'json_schema', json_schema: named, of: 1 }, 'response_format.of'],
  ['openai-chat', { type: 'text', of: 1 }, 'response_format.of'],
  ['openai-chat', { type: 'regex', pattern: 'a*' }, 'response_format'],
  ['openai-responses', { type: 'json_object', of: 1 }, 'text.format.of'],
  ['openai-responses', { type: 'json_schema', ...named, of: 1 }, 'text.format.of'],
  ['openai-responses', { type: 'text', of: 1 }, 'text.format.of'],
  ['openai-responses', { type: 'grammar', syntax: 'lark' }, 'text.format'],
])('%s: what is not understood of %j is named', (from, format, field) => {
  expect(refusedField(from, gemini, asks(from, format))).toBe(field);
});
