import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replaceSpan, topLevelValues } from '../../../src/lib/json-span.ts';

const texts = (json: string): string[] => {
  const bytes = Buffer.from(json);
  return topLevelValues(bytes, 'model').map(({ start, end }) => bytes.toString('utf8', start, end));
};

it.each([
  ['{"model":"a"}', ['"a"']],
  [' { "x" : 1 , "model" :\n"a b" } ', ['"a b"']],
  ['{"model":"a","model":"b"}', ['"a"', '"b"']],
  ['{"mod\\u0065l":"a"}', ['"a"']],
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
      const exchanged = replaceSpan(bytes, span, JSON.stringify(other)).toString();
      // Through JSON on both sides: -0 is 0 there.
      expect(JSON.parse(exchanged)).toEqual(JSON.parse(JSON.stringify({ ...object, model: other })));
    }),
    { numRuns: 300 },
  );
});
