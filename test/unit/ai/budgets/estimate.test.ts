import { expect, it } from 'vitest';
import { chatAtMost, listAtMost, mediaBytes, usageAtMost } from '../../../../src/ai/budgets/estimate.ts';
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

const beginning = (bytes: number[], size: number): string =>
  Buffer.concat([Buffer.from(bytes), Buffer.from(PICTURE, 'base64').subarray(0, size)]).toString('base64');
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
const JPEG = [0xff, 0xd8, 0xff, 0xe0];
const WEBP = [...Buffer.from('RIFF\x24\x08\x00\x00WEBPVP8 ', 'latin1')];
const WAV = [...Buffer.from('RIFF\x24\x08\x00\x00WAVEfmt ', 'latin1')];
const chat = (content: unknown): number =>
  chatAtMost(Buffer.from(JSON.stringify({ messages: [{ content }] })), 0, MILLION).input;
/** Of what stands around it. */
const form = (input: number): number => input - (input % 1600);

it.each<[string, (data: string) => object]>([
  ['of OpenAI', (url: string) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${url}` } })],
  ['of Anthropic', (data: string) => ({ type: 'image', source: { type: 'base64', data } })],
  ['of Google', (data: string) => ({ inlineData: { mimeType: 'image/png', data } })],
  ['of Amazon', (bytes: string) => ({ image: { format: 'png', source: { bytes } } })],
])('a picture in a chat %s costs the same, however many bytes it has', (_, part) => {
  const pictures = [PNG, JPEG, WEBP].flatMap((kind) =>
    [2_000, 400_000, 4_000_000].map((size) => beginning(kind, size)),
  );
  for (const data of pictures) expect(form(chat([part(data)]))).toBe(1600);
  expect(form(chat(pictures.slice(0, 3).map(part)))).toBe(4800);
});

it('what only stands where a picture may costs as before: its bytes, up to what most models read', () => {
  const sound = beginning(WAV, 300_000);
  expect(chat([{ sound }])).toBeGreaterThan(sound.length / 3);
  expect(chat([{ sound: beginning(WAV, 4_000_000) }])).toBeGreaterThan(200_000);
  expect(chat([{ text: `See ${beginning(PNG, 300_000)}` }])).toBeGreaterThan(100_000);
});

it('as PHP writes it, a picture is one, too', () => {
  const data = beginning(JPEG, 30_000).replaceAll('/', '\\/');
  const body = `{"messages":[{"content":[{"image":{"source":{"bytes":"${data}"}}}]}]}`;
  expect(form(chatAtMost(Buffer.from(body), 0, 0).input)).toBe(1600);
});
