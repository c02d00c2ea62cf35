// Pictures that a request only names are reserved for, too.
import { expect, it } from 'vitest';
import { picturesIn } from '../../../../src/ai/budgets/named-pictures.ts';
import { requestFacts } from '../../../../src/ai/request-facts.ts';

it.each([
  ['OpenAI chat', { type: 'image_url', image_url: { url: 'https://x/y.png' } }],
  ['OpenAI responses', { type: 'input_image', image_url: 'https://x/y.png' }],
  ['Anthropic', { type: 'image', source: { type: 'url', url: 'https://x/y.png' } }],
  [
    'Anthropic, brought along',
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
  ],
  ['Gemini', { fileData: { mimeType: 'image/png', fileUri: 'gs://x/y.png' } }],
  ['Bedrock', { image: { format: 'png', source: { s3Location: { uri: 's3://x/y.png' } } } }],
])('%s', (_format, part) => {
  const bodyOf = (count: number, space: number) =>
    Buffer.from(JSON.stringify({ content: Array.from({ length: count }, () => part) }, null, space));
  expect([bodyOf(0, 0), bodyOf(1, 0), bodyOf(3, 1)].map(picturesIn)).toEqual([0, 1, 3]);
});

it('what only speaks of pictures is none', () => {
  const tool = { name: 'draw', input_schema: { properties: { image: { type: 'string' } } } };
  const said = {
    text: 'the "image" of "image/png"',
    alt: 'image of a house, as it stands in the street behind the station',
  };
  expect(picturesIn(Buffer.from(JSON.stringify({ said, tool, image_size: 'image_1024/1024' })))).toBeLessThan(
    2,
  );
  expect(picturesIn(Buffer.from(JSON.stringify({ tool })))).toBe(0);
});

it('a picture is one, however far its type stands from what it is', () => {
  const far = ' '.repeat(100);
  expect(picturesIn(Buffer.from(`{"content":[{"type"${far}:${far}"image_url"}]}`))).toBe(1);
  expect(picturesIn(Buffer.from(`[{"image"${far}:${far}{${far}"format":"png"}}]`))).toBe(1);
});

it('a tool, or a field, may be called as pictures are', () => {
  const called = {
    role: 'assistant',
    tool_calls: [{ type: 'function', function: { name: 'image_search' } }],
  };
  const tool = {
    name: 'image_search',
    parameters: { required: ['image_url'], properties: { as: { enum: ['image'] } } },
  };
  const body = { messages: [called, called], tools: [{ type: 'function', function: tool }] };
  expect(picturesIn(Buffer.from(JSON.stringify(body)))).toBe(0);
});

it('an effort stands for the budget that a provider may be given for it', () => {
  const thinking = (body: object) => requestFacts({ ...body }, {}).thinking;
  expect(thinking({ reasoning_effort: 'max' })).toBe(49_152);
  expect(thinking({ reasoning: { effort: 'high' } })).toBe(24_576);
  expect(thinking({ thinking: { type: 'enabled', budget_tokens: 5_000 } })).toBe(5_000);
  expect(thinking({})).toBe(0);
});
