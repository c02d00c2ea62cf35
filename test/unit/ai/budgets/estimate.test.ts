import { expect, it } from 'vitest';
import {
  chatAtMost,
  listAtMost,
  mediaBytes,
  usageAtMost,
  withPictures,
} from '../../../../src/ai/budgets/estimate.ts';
import { givenTokens } from '../../../../src/ai/given-tokens.ts';

const MILLION = 1_000_000;
const PICTURE = Buffer.from(
  Array.from({ length: 4_500_000 }, (_, at) => (at * 7 + (at >> 8)) % 256),
).toString('base64');
const listed = (input: unknown, more: object = {}): number =>
  listAtMost(Buffer.from(JSON.stringify({ input, ...more })), givenTokens(input)).input;
const input = (body: object): number => {
  const bytes = Buffer.from(JSON.stringify(body));
  return usageAtMost(bytes.length, 0, MILLION, mediaBytes(bytes)).input;
};

it('a long text may come to all that its model reads; a picture, sound or a file to no more than most models do', () => {
  const text = 'x'.repeat(6 * MILLION);
  expect(input({ text })).toBe(MILLION);
  expect(input({ url: `data:image/png;base64,${text}` })).toBeLessThan(201_000);
  for (const media of [
    { source: { type: 'base64', media_type: 'image/png', data: PICTURE } },
    { inputImage: PICTURE },
    { instances: [{ image: { bytesBase64Encoded: PICTURE } }] },
  ])
    expect(input(media)).toBeLessThan(201_000);
  expect(input({ text: 'x'.repeat(900_000), url: `data:image/png;base64,${text}` })).toBeGreaterThan(490_000);
  expect(input({ text: 'short' })).toBeLessThan(10);
});

it('texts that are read each for itself may come to all of their length, and tokens to as many as there are', () => {
  expect(listed(Array(100).fill('x'.repeat(60_000)))).toBeGreaterThanOrEqual(2 * MILLION);
  expect(listed(`data:image/png;base64,${'x'.repeat(6 * MILLION)}`)).toBeLessThan(201_000);
  expect(listed(Array(50).fill({ image: PICTURE.slice(0, 100_000) }))).toBeLessThan(205_000);
  expect(listed(Array(MILLION).fill(7))).toBeGreaterThanOrEqual(MILLION);
  expect(listed('short')).toBeLessThan(10);
});

it('an input in tokens comes to their number, and to its texts beside them', () => {
  const ids = Array.from({ length: 30_000 }, (_, at) => 60_000 + at * 4);
  expect(listed(ids)).toBeGreaterThanOrEqual(30_000);
  expect(listed(ids)).toBeLessThan(30_010);
  expect(listed([ids, ids])).toBeLessThan(60_010);
  expect(listed([7, 'x'.repeat(3_000), 8])).toBeGreaterThanOrEqual(1_002);
  expect(listed([[7], ['x'.repeat(3_000)]])).toBeGreaterThanOrEqual(1_001);
  // Whoever writes more beside them has it read, perhaps.
  expect(listed([7], { texts: ['x'.repeat(3_000)] })).toBeGreaterThanOrEqual(1_001);
  expect(listed(ids, { texts: ['x'.repeat(3_000)] })).toBeGreaterThanOrEqual(31_000);
  expect(listed([1e300, -0.5, Number.MAX_SAFE_INTEGER])).toBeGreaterThanOrEqual(3);
});

const NONE = { input: 0, output: 0, cached: 0 };
const hex = (letter: string): string => letter.charCodeAt(0).toString(16);
const CLAUDE = 'claude-opus-4-8';
const begun = (bytes: readonly number[], size: number): string =>
  Buffer.concat([Buffer.from(bytes), Buffer.from(PICTURE, 'base64').subarray(0, size)]).toString('base64');
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
const JPEG = [0xff, 0xd8, 0xff, 0xe0];
const WEBP = [...Buffer.from('RIFF\x24\x08\x00\x00WEBPVP8 ', 'latin1')];
const WAV = [...Buffer.from('RIFF\x24\x08\x00\x00WAVEfmt ', 'latin1')];
const PDF = [...Buffer.from('%PDF-1.7')];
const atMost = (body: object | string, models = [CLAUDE]): number =>
  chatAtMost(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), 0, MILLION, models).input;
const said = (...content: object[]): object => ({ messages: [{ role: 'user', content }] });
const ofAnthropic = (data: string) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data },
});

it.each<[string, (data: string) => object]>([
  ['of OpenAI', (data) => said({ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } })],
  [
    'of its responses',
    (data) => ({
      input: [{ content: [{ type: 'input_image', image_url: `data:image/png;base64,${data}` }] }],
    }),
  ],
  [
    'of a computer',
    (data) => ({
      input: [
        {
          type: 'computer_call_output',
          output: { type: 'computer_screenshot', image_url: `data:image/png;base64,${data}` },
        },
      ],
    }),
  ],
  ['of Anthropic', (data) => said(ofAnthropic(data))],
  [
    'that a tool gave',
    (data) => said({ type: 'tool_result', tool_use_id: 'a', content: [ofAnthropic(data)] }),
  ],
  ['of Google', (data) => ({ contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data } }] }] })],
  ['of Amazon', (bytes) => said({ image: { format: 'png', source: { bytes } } })],
  [
    'of Amazon, that a tool gave',
    (bytes) => said({ toolResult: { content: [{ image: { format: 'png', source: { bytes } } }] } }),
  ],
])('a picture %s costs the same, however many bytes it has', (_, body) => {
  for (const kind of [PNG, JPEG, WEBP])
    for (const size of [2_000, 400_000, 4_000_000]) {
      expect(atMost(body(begun(kind, size)))).toBeGreaterThanOrEqual(4784);
      expect(atMost(body(begun(kind, size)))).toBeLessThan(4884);
    }
});

it('of several each counts, those that are named as well', () => {
  const url = { type: 'image', source: { type: 'url', url: 'https://x/y.png' } };
  const three = said(ofAnthropic(begun(PNG, 40_000)), ofAnthropic(begun(JPEG, 40_000)), url);
  expect(atMost(three)).toBeGreaterThanOrEqual(3 * 4784);
  expect(atMost(three)).toBeLessThan(3 * 4784 + 200);
});

it('PDFs, sound, and what only looks like a picture cost their bytes, as before', () => {
  const picture = begun(PNG, 300_000);
  const letters = picture.length / 3;
  for (const body of [
    said({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: begun(PDF, 300_000) },
    }),
    said(ofAnthropic(begun(PDF, 300_000))),
    said(ofAnthropic(begun(WAV, 300_000))),
    // A model reads each letter of these.
    { messages: [{ role: 'user', content: picture }] },
    said({ type: 'text', text: picture }),
    said({ type: 'text', text: `data:image/png;base64,${picture}` }),
    said({
      type: 'tool_use',
      id: 'a',
      name: 'b',
      input: { type: 'image', source: { type: 'base64', data: picture } },
    }),
    said({ type: 'tool_result', tool_use_id: 'a', content: picture }),
    { tools: [{ image: { source: { bytes: picture } } }], messages: [] },
  ])
    expect(atMost(body)).toBeGreaterThanOrEqual(letters);
  // And so does a picture where nobody says what the model bills, of one of those that may answer at least.
  const [body, other] = [said(ofAnthropic(picture)), 'llama-4-scout'];
  for (const models of [
    [other],
    [CLAUDE, other],
    [],
    ['gemini-2.5-pro'],
    ['gpt-5.6-sol'],
    ['qwen-claude-7b'],
  ])
    expect(atMost(body, models)).toBeGreaterThanOrEqual(letters + 1600);
  // Or a tool that makes pictures looks at it as well.
  const tools = [{ type: 'image_generation' }];
  expect(atMost({ ...body, tools }, ['gpt-5'])).toBeGreaterThanOrEqual(letters);
});

it('as PHP writes it, a picture is one, too', () => {
  const data = begun(JPEG, 30_000).replaceAll('/', '\\/');
  const body = `{"messages":[{"content":[{"image":{"format":"jpeg","source":{"bytes":"${data}"}}}]}]}`;
  expect(atMost(body)).toBeLessThan(5_500);
  expect(atMost('no JSON')).toBeLessThan(10);
});

it.each([
  ['a type', '{"content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}'],
  ['a media type', '{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://x"}}]}'],
  ['Amazon’s field', '{"content":[{"image":{"format":"png","source":{"s3Location":{"uri":"s3://x"}}}}]}'],
])('a picture is one, however its letters are written: %s', (_whose, body) => {
  const told = atMost(body) - Math.ceil(body.length / 3);
  expect(told).toBe(4784);
  for (const letter of ['i', 'g', '_', 't', 'f'])
    for (const code of [hex(letter), hex(letter).toUpperCase()]) {
      const written = body.replaceAll(letter, `\\u00${code}`);
      expect(atMost(written) - Math.ceil(written.length / 3)).toBe(told);
    }
  // As PHP writes it.
  const slashed = body.replaceAll('/', '\\/');
  expect(atMost(slashed) - Math.ceil(slashed.length / 3)).toBe(told);
  const vectors = Buffer.from(body.replaceAll('m', '\\u006D'));
  expect(withPictures(NONE, vectors).input).toBe(1600);
});

it('so is the tool that makes pictures', () => {
  const body = said(ofAnthropic(begun(PNG, 300_000)));
  const letters = begun(PNG, 300_000).length / 3;
  const tool = JSON.stringify({ ...body, tools: [{ type: 'image_generation' }] });
  for (const name of [
    'image_gener\\u0061tion',
    'image\\u005Fgeneration',
    '\\u0069\\u006d\\u0061ge_generation',
  ])
    expect(atMost(tool.replace('image_generation', name), ['gpt-5'])).toBeGreaterThanOrEqual(letters);
});

it('what may be pictures is known from the rest, which has another rate', () => {
  const url = said({ type: 'image', source: { type: 'url', url: 'https://x/y.png' } });
  const seen = (body: object, model: string): number | undefined =>
    chatAtMost(Buffer.from(JSON.stringify(body)), 0, MILLION, [model]).imageInput;
  const small = begun(PNG, 30_000);

  expect(seen({ messages: [{ content: 'a'.repeat(3_000) }] }, CLAUDE)).toBeUndefined();
  expect(seen({ messages: [{ content: 'a'.repeat(3_000) }] }, 'llama-4-scout')).toBeUndefined();
  expect(seen(url, CLAUDE)).toBe(4784);
  expect(seen(said(ofAnthropic(small)), CLAUDE)).toBe(4784);
  expect(seen(url, 'llama-4-scout')).toBe(1600);
  // Where nobody says what it bills, all of its letters may be.
  expect(seen(said(ofAnthropic(small)), 'llama-4-scout')).toBe(1600 + Math.ceil(small.length / 3));
  // Pages of a document are pictures to some.
  const paper = said({ type: 'document', source: { type: 'base64', data: begun(PDF, 30_000) } });
  expect(seen(paper, 'gemini-3-pro')).toBe(Math.ceil(begun(PDF, 30_000).length / 3));
  expect(withPictures(NONE, Buffer.from(JSON.stringify(url))).imageInput).toBe(1600);
  expect(withPictures(NONE, Buffer.from('{"input":"words"}'))).toBe(NONE);
});
