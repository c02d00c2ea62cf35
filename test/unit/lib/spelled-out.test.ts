import { expect, it } from 'vitest';
import { spelledOut } from '../../../src/lib/spelled-out.ts';

const out = (json: string): string => spelledOut(Buffer.from(json)).toString();
const code = (value: number): string => value.toString(16).padStart(4, '0');

it('of all that may be escaped the letters, `_` and `/` are spelled out, and nothing else', () => {
  for (let value = 0; value <= 0xffff; value++) {
    const isSpelled = value < 0x80 && /[a-z_/]/i.test(String.fromCharCode(value));
    for (const digits of new Set([code(value), code(value).toUpperCase()])) {
      const written = `"\\u${digits}"`;
      if (out(written) !== (isSpelled ? `"${String.fromCharCode(value)}"` : written))
        expect.fail(`${written} became ${out(written)}`);
    }
  }
});

it('what it says is the same before and after', () => {
  const said = ['image/png', 'ä€😀', '"\\\n\t\b\u0000', '\\u0061', '\\\\/', '\ud83d', '\u007f\u0060\u0040[{'];
  for (const json of ['{"\\u0069mage":"\\uD83D\\uDE00\\u00e4\\/\\"\\\\"}', JSON.stringify(said)])
    expect(JSON.parse(out(json))).toEqual(JSON.parse(json));
  expect(out('"\\u0069\\u006D\\u0061\\u0067\\u0065_\\/\\u002fgener\\u0061tion"')).toBe(
    '"image_//generation"',
  );
});

it('an escaped backslash begins nothing, however many there are', () => {
  expect(out('"\\\\u0061"')).toBe('"\\\\u0061"');
  expect(out('"\\\\/"')).toBe('"\\\\/"');
  expect(out('"\\\\\\u0061"')).toBe('"\\\\a"');
  expect(out('"\\\\\\/"')).toBe('"\\\\/"');
  expect(out('"\\"\\u0061\\n\\/"')).toBe('"\\"a\\n/"');
});

it('what is no escape, or half of one at the end, stays as it is', () => {
  const stays = ['\\u00', '\\u006', '\\u006g', '\\u00g1', '\\u006x', '\\u0 61', '\\u061', '\\U0061', '\\x61'];
  for (const json of stays) expect([json, out(`\\/${json}`)]).toEqual([json, `/${json}`]);
  for (const json of stays) expect([json, out(`\\u0061${json}"`)]).toEqual([json, `a${json}"`]);
  expect(out('\\/\\')).toBe('/\\');
  expect(out('\\u0061\\\\')).toBe('a\\\\');
});

it('bytes that are no letters of ASCII go on as they are, valid or not', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x5c));
  const escapes = Buffer.from('\\u0061\\/');
  expect(spelledOut(Buffer.concat([bytes, escapes, bytes]))).toEqual(
    Buffer.concat([bytes, Buffer.from('a/'), bytes]),
  );
});

it('however far apart they are, and whatever the last one is', () => {
  for (const size of [0, 1, 62, 63, 64, 65, 127, 128, 1000]) {
    const run = 'x'.repeat(size);
    const json = `${run}\\u0061${run}\\/${run}\\\\${run}\\n${run}`;
    for (const [last, said] of [
      ['', ''],
      ['\\', '\\'],
      ['\\/', '/'],
      ['\\u0061', 'a'],
      ['\\u006', '\\u006'],
    ])
      expect(out(json + last)).toBe(`${run}a${run}/${run}\\\\${run}\\n${run}${said}`);
  }
});

it('where there is nothing to spell out it is the same buffer', () => {
  for (const json of ['', '{}', '{"a":"\\n\\\\\\"/\\u2028"}', '\\u0']) {
    const bytes = Buffer.from(json);
    expect(spelledOut(bytes)).toBe(bytes);
  }
});
