// What a call in a provider's own words may come to.
import { expect, it } from 'vitest';
import { readCall, usageOf } from '../../../src/ai/passthrough-call.ts';

const MILLION = 1_000_000;
const PICTURE = Buffer.from(
  Array.from({ length: 4_500_000 }, (_, at) => (at * 7 + (at >> 8)) % 256),
).toString('base64');

/** Input tokens that are reserved for a model which reads a million. */
function reserved(path: string, body: object): number | undefined {
  const sent = {
    bytes: Buffer.from(JSON.stringify({ model: 'm', ...body })),
    contentType: 'application/json',
  };
  const known = readCall('POST', path, sent.bytes, sent.contentType);
  return usageOf('', path, known, sent, { output: 100, searches: 10 }, MILLION)?.atMost().input;
}

it.each([
  ['Claude on Vertex', '/models/claude:rawPredict', { source: { type: 'base64', data: PICTURE } }],
  ['a model on Bedrock', '/model/nova/invoke', { image: { source: { bytes: PICTURE } } }],
  ['a server of one’s own', '/infer', { sound: `data:audio/wav;base64,${PICTURE}` }],
])('pictures and sound are no text, asked of %s', (_, path, part) => {
  const text = 'x y z '.repeat(50_000);
  expect(reserved(path, { ...part, text })).toBeGreaterThan(300_000);
  expect(reserved(path, { ...part, text })).toBeLessThan(302_000);
  expect(reserved(path, { text: text.repeat(20) })).toBe(MILLION);
});

it.each([
  [{ background: true }, true],
  [{ deferred: true }, true],
  [{ deferred: 'yes' }, true],
  [{ training_file: 'file-1' }, true],
  [{ background: false, deferred: false, input_files: null, training_file: null }, false],
  [{}, false],
])('%j: whether it is done behind its answer', (said, isLater) => {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...said }));
  expect(readCall('POST', '/chat/completions', bytes, 'application/json').isLater).toBe(isLater);
});

it('a picture that is only named is reserved for, too', () => {
  const named = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
  const ask = (content: object[]) => reserved('/models/claude:rawPredict', { messages: [{ content }] });
  expect((ask([named, named]) as number) - (ask([]) as number)).toBeGreaterThan(3200);
});

it('a form that asks for two formats of its pictures, each dear in its own way, is refused', () => {
  const formats = (...all: string[]) =>
    [
      '--b',
      ...all.flatMap((format) => ['content-disposition: form-data; name=output_format', '', format, '--b']),
    ]
      .join('\r\n')
      .concat('--');
  const read = (...all: string[]) =>
    readCall('POST', '/images/edits', Buffer.from(formats(...all)), 'multipart/form-data; boundary=b').body;
  expect(read('svg')).toMatchObject({ output_format: 'svg' });
  expect(read('gif', 'png')).toMatchObject({ output_format: 'gif' });
  expect(() => read('gif', 'svg')).toThrow(expect.objectContaining({ code: 'body_invalid' }));
});
