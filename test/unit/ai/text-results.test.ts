// A tool may give a picture. Where a result is text alone, it stands behind all results of the turn, as the user's.
import { expect, it } from 'vitest';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import { refusedField, sent, service } from '../../helpers/translation.ts';

const PNG = 'iVBORw0KGgo=';
const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
const use = (id: string) => ({ type: 'tool_use', id, name: 'shoot', input: {} });
const result = (id: string, content: unknown) => ({ type: 'tool_result', tool_use_id: id, content });
const asked = (...results: object[]) => ({
  max_tokens: 9,
  messages: [
    { role: 'user', content: 'Look.' },
    { role: 'assistant', content: [use('a'), use('b')] },
    { role: 'user', content: [...results, { type: 'text', text: 'And?' }] },
  ],
});
const SHOT = asked(result('a', [{ type: 'text', text: 'Shot:' }, picture]), result('b', [picture]));
const FOLLOWS = 'What the tool gave follows.';
const inline = { inlineData: { mimeType: 'image/png', data: PNG } };
const url = `data:image/png;base64,${PNG}`;

const turns = (to: Parameters<typeof sent>[1], model?: string): JsonObject[] => {
  const { messages, contents } = sent('anthropic-messages', to, SHOT, model);
  return (messages ?? contents) as JsonObject[];
};

it('for services that speak OpenAI’s API', () => {
  expect(turns(service('openai')).slice(2)).toEqual([
    {
      role: 'tool',
      tool_call_id: 'a',
      content: [
        { type: 'text', text: 'Shot:' },
        { type: 'text', text: `\n${FOLLOWS}` },
      ],
    },
    { role: 'tool', tool_call_id: 'b', content: FOLLOWS },
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url } },
        { type: 'image_url', image_url: { url } },
      ],
    },
    { role: 'user', content: 'And?' },
  ]);
});

it('for Cohere', () => {
  const image = { type: 'image_url', image_url: { url } };
  expect(turns(cohere).slice(2)).toEqual([
    { role: 'tool', tool_call_id: 'a', content: `Shot:\n${FOLLOWS}` },
    { role: 'tool', tool_call_id: 'b', content: FOLLOWS },
    { role: 'user', content: [image, image] },
    { role: 'user', content: [{ type: 'text', text: 'And?' }] },
  ]);
});

it('for models of Google’s up to 2.5; newer ones have a place for it in the result', () => {
  const response = (output: string) => ({ functionResponse: { name: 'shoot', response: { output } } });
  expect(turns(gemini, 'gemini-2.5-flash').at(-1)?.parts).toEqual([
    response(`Shot:\n${FOLLOWS}`),
    response(FOLLOWS),
    inline,
    inline,
    { text: 'And?' },
  ]);
  const held = (id: string, output: string) => ({
    functionResponse: { id, name: 'shoot', response: { output }, parts: [inline] },
  });
  expect(turns(gemini, 'gemini-3-pro-preview').at(-1)?.parts).toEqual([
    held('a', 'Shot:'),
    held('b', ''),
    { text: 'And?' },
  ]);
});

it('what nobody could be shown is refused by its place', () => {
  const file = { type: 'document', source: { type: 'url', url: 'https://img.example/a.pdf' } };
  const place = 'messages[2].content[0].content[0]';
  expect(refusedField('anthropic-messages', service('openai'), asked(result('a', [file])))).toBe(place);
});
