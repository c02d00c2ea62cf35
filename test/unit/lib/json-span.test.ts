import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replaceSpans, topLevelValues, valueEnd } from '../../../src/lib/json-span.ts';

const texts = (json: string): string[] => {
  const bytes = Buffer.from(json);
  return topLevelValues(bytes, 'model').map(({ start, end }) => bytes.toString('utf8', start, end));
};

it.each([
  ['{"model":"a"}', ['"a"']],
  [' { "x" : 1 , "model" :\n"a b" } ', ['"a b"']],
  ['{"model":"a","model":"b"}', ['"a"', '"b"']],
  ['{"mod\\u0065l":"a"}', ['"a"']],
  ['{"mode":"x","models":"y","nodel":"z","model":"a"}', ['"a"']],
  ['{"mode\\\\":"x","\\u006d\\u006fdels":"y","\\u006dodel":"a"}', ['"a"']],
  ['{"model":"a\\"},\\\\"}', ['"a\\"},\\\\"']],
  ['{"x":{"model":"inner"},"y":[{"model":"inner"}]}', []],
  ['{"x":"\\"model\\":\\"no\\"","model":"yes"}', ['"yes"']],
  ['{"model":1}', ['']],
  ['{"model":null,"é":"ü","model":"日"}', ['', '"日"']],
  ['{"x":"model"}', []],
  ['["model","a"]', []],
])('%s has %j', (json, found) => {
  expect(texts(json)).toEqual(found);
});

it('exchanges one value and leaves every other byte', () => {
  const others = fc.dictionary(
    fc.string().filter((key) => key !== 'model' && key !== '__proto__'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(others, fc.string(), fc.string(), fc.boolean(), (rest, model, other, first) => {
      const object = first ? { model, ...rest } : { ...rest, model };
      const bytes = Buffer.from(JSON.stringify(object, null, 1));
      const [span, ...more] = topLevelValues(bytes, 'model');
      if (!span) throw new Error('not found');
      expect(more).toEqual([]);
      const exchanged = replaceSpans(bytes, [{ ...span, text: JSON.stringify(other) }]).toString();
      // Through JSON on both sides: -0 is 0 there.
      expect(JSON.parse(exchanged)).toEqual(JSON.parse(JSON.stringify({ ...object, model: other })));
    }),
    { numRuns: 300 },
  );
});

it('finds the end of a value of any kind', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, next) => {
      for (const space of [0, 1]) {
        const bytes = Buffer.from(JSON.stringify({ a: value, b: next, c: [value] }, null, space));
        for (const key of ['a', 'b', 'c']) {
          const at = topLevelValues(bytes, key)[0]?.start ?? -1;
          const found = JSON.parse(bytes.toString('utf8', at, valueEnd(bytes, at)));
          expect(found).toEqual(JSON.parse(bytes.toString())[key]);
        }
      }
    }),
    { numRuns: 200 },
  );
});
