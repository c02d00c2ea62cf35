// How closely a picture is to be looked at is what it costs: a vendor is told, or the client that it can't be.
import { expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import { gemini } from '../../../../src/ai/providers/gemini.ts';
import { convert, refusedField } from '../../../helpers/translate.ts';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const asked = (...details: (string | undefined)[]) => ({
  messages: [
    {
      role: 'user',
      content: details.map((detail) => ({ type: 'image_url', image_url: { url: PNG, detail } })),
    },
  ],
});
const resolution = (...details: (string | undefined)[]): unknown =>
  convert('openai-chat', gemini, asked(...details), 'gemini-2.5-flash').generationConfig;

it('Gemini is told it for all of them', () => {
  expect(resolution('low', 'low')).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_LOW' });
  expect(resolution('high', undefined, 'auto')).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
  expect(resolution('auto', undefined)).toBeUndefined();
});

it('and where they are not to be looked at alike, what the closest look needs', () => {
  expect(resolution('high', 'low')).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
  expect(resolution('low', 'original')).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
  expect(resolution('low', undefined)).toBeUndefined();
});

it('a word that nobody knows is refused', () => {
  expect(refusedField('openai-chat', gemini, asked(undefined, 'tiny'))).toBe('messages[0].content[1].detail');
});

it.each([
  ['Anthropic', anthropic],
  ['Bedrock', bedrock],
])('%s looks as closely as it can, and at no less', (_, provider) => {
  expect(refusedField('openai-chat', provider, asked('high', 'auto', 'original', undefined))).toBe('nothing');
  expect(refusedField('openai-chat', provider, asked('high', 'low'))).toBe('messages[0].content[1].detail');
  const input = [
    {
      role: 'user',
      content: [{ type: 'input_image', image_url: PNG, detail: 'low' }],
    },
  ];
  expect(refusedField('openai-responses', provider, { input })).toBe('input[0].content[0].detail');
});

it('nothing is said of it any more where the operator drops it', () => {
  const drop = ['detail'];
  const body = asked('low', 'tiny');
  expect(convert('openai-chat', gemini, body, 'gemini-2.5-flash', drop).generationConfig).toBeUndefined();
  expect(convert('openai-chat', anthropic, body, 'm', drop).messages).toMatchObject([
    { content: [{ type: 'image' }, { type: 'image' }] },
  ]);
  const output = [{ type: 'input_image', image_url: PNG, detail: 'low' }];
  const input = [
    { type: 'function_call', call_id: 'a', name: 'look', arguments: '{}' },
    { type: 'function_call_output', call_id: 'a', output },
  ];
  expect(refusedField('openai-responses', anthropic, { input })).toBe('input[1].output[0].detail');
  expect(() => convert('openai-responses', anthropic, { input }, 'm', drop)).not.toThrow();
});
