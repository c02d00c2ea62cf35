import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonStrings } from '../../../../plugins/redact/json-strings.ts';
import type { AnswerFilter } from '../../../../src/contracts/guard.ts';

const passing = (): AnswerFilter => ({ take: (text) => text, end: () => '' });

/** Says only at the end what it was told, and otherwise. */
function holding(change: (text: string) => string): AnswerFilter {
  let held = '';
  return {
    take(text) {
      held += text;
      return '';
    },
    end() {
      const text = change(held);
      held = '';
      return text;
    },
  };
}

/** @param asText what would be said in the place of what stands between strings, were it no JSON */
function read(
  json: string,
  cuts: readonly number[],
  inside: AnswerFilter,
  asText = holding(() => '?'),
): string {
  const strings = new JsonStrings(inside, passing(), asText, () => undefined);
  let said = '';
  let at = 0;
  for (const cut of [...cuts, json.length].sort((a, b) => a - b)) {
    said += strings.take(json.slice(at, cut));
    at = cut;
  }
  return said + strings.end();
}

/** JSON as different services write it, in pieces. */
const written = fc
  .tuple(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1), fc.boolean())
  .map(([value, indent, isAscii]) => {
    const json = JSON.stringify(value, undefined, indent);
    const ascii = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return isAscii ? json.replace(/[\u0080-\uffff]/g, ascii) : json;
  })
  .chain((json) => fc.tuple(fc.constant(json), fc.array(fc.nat(json.length), { maxLength: 20 })));

it('what nobody changes stays as it was written, wherever it is cut', () => {
  fc.assert(
    fc.property(written, ([json, cuts]) => {
      expect(read(json, cuts, passing())).toBe(json);
    }),
  );
});

it('each string is shown whole, as what it says, and written as JSON again', () => {
  const turned = (text: string): string => `"\\\n${text}`;
  const changed = (value: unknown): unknown => {
    if (typeof value === 'string') return turned(value);
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [turned(name), changed(each)]));
  };
  fc.assert(
    fc.property(written, ([json, cuts]) => {
      expect(JSON.parse(read(json, cuts, holding(turned)))).toEqual(changed(JSON.parse(json)));
    }),
  );
});

it('an escape that breaks off goes on as it came', () => {
  expect(read('{"a":"b\\u00', [8], passing(), passing())).toBe('{"a":"b\\u00');
});
