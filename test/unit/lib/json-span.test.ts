import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replaceSpan, topLevelValues } from '../../../src/lib/json-span.ts';

const spansOf = (text: string) => topLevelValues(Buffer.from(text), 'model');

it('exchanging the model in the bytes is setting it in the object', () => {
  const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 8 });
  fc.assert(
    fc.property(objects, fc.string(), fc.string(), fc.nat(8), fc.nat(3), (object, from, to, at, indent) => {
      const entries = Object.entries(object).filter(([key]) => key !== 'model');
      entries.splice(at, 0, ['model', from]);
      const text = JSON.stringify(Object.fromEntries(entries), null, indent);
      const bytes = Buffer.from(text);
      const spans = topLevelValues(bytes, 'model');
      expect(spans).toHaveLength(1);
      const [span] = spans;
      if (!span) return;
      const exchanged = replaceSpan(bytes, span, JSON.stringify(to));
      expect(JSON.parse(exchanged.toString())).toEqual({ ...JSON.parse(text), model: to });
      expect(exchanged.subarray(0, span.start).equals(bytes.subarray(0, span.start))).toBe(true);
    }),
  );
});

it('finds the value behind any white space, and only at the top', () => {
  const text = '\n{ "a" : {"model":"no","b":["model","model"]} ,\t"model"\r\n:\n"yes" , "c":"model" }';
  const [span] = spansOf(text);
  expect(spansOf(text)).toHaveLength(1);
  expect(text.slice(span?.start, span?.end)).toBe('"yes"');
});

it.each([
  ['twice', '{"model":"a","model":"b"}', 2],
  ['once with escapes', '{"mod\\u0065l":"a","\\u006dodel":"b"}', 2],
  ['with other values', '{"model":1,"model":null,"model":{"model":"x"},"model":["model"],"model":"a"}', 5],
  ['as a value only', '{"a":"model","b":"\\"model\\":\\"x\\""}', 0],
  ['with another case', '{"Model":"a","model ":"b"}', 0],
  ['behind a string of backslashes', '{"a":"\\\\\\\\","model":"a"}', 1],
])('counts a key that stands %s', (_how, text, times) => {
  expect(spansOf(text)).toHaveLength(times);
});

it('does not mind depth or length', () => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"model":"a"}`;
  const escapes = `{"a":"${'\\"'.repeat(500_000)}","model":"a"}`;
  expect(spansOf(deep)).toHaveLength(1);
  expect(spansOf(escapes)).toHaveLength(1);
});
