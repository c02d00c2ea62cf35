// What a model writes as arguments should be JSON. Where it is none, what stands outside of its strings is looked at all the same.
import { describe, expect, it } from 'vitest';
import redact from '../../../../plugins/redact/index.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import { DATA_KINDS } from '../../../../src/contracts/personal-data.ts';
import type { Policy, PolicyPorts } from '../../../../src/contracts/policy.ts';
import { PERSONAL_DATA } from '../../../../src/lib/personal-data/index.ts';

function opened(
  patterns: Record<string, string> = {},
  mode: 'enforce' | 'report' = 'enforce',
  exchange = {} as Exchange,
): { take(text: string): string; end(): string } {
  const settings = { kinds: [...DATA_KINDS], patterns, answers: true, mode };
  const policy = redact.create(settings, { personalData: PERSONAL_DATA } as PolicyPorts) as Policy;
  const filter = policy.guardModel?.(exchange).openAnswer?.('arguments');
  if (!filter) throw new Error('redact looks at arguments');
  return { take: (text) => filter.take(text), end: () => filter.end() };
}

function through(pieces: readonly string[], patterns: Record<string, string> = {}): string {
  const { take, end } = opened(patterns);
  return pieces.map(take).join('') + end();
}

describe.each([
  ['single quotes', "{'to':'bob@example.com'}", "{'to':'[EMAIL]'}"],
  ['no quotes', '{to: bob@example.com}', '{to: [EMAIL]}'],
  ['a stray quote', '{"a"": "bob@example.com"}', '{"a"": "[EMAIL]"}'],
  ['an address of a network', '[10.20.30.40]', '[[IP]]'],
  ['digits in groups', "{'card':'4111 1111 1111 1111'}", "{'card':'[CARD]'}"],
  ['a call number', '{tel: +4930123456789}', '{tel: [PHONE]}'],
])('with %s', (_, json, left) => {
  it('whole', () => expect(through([json])).toBe(left));
  it('in pieces, wherever they are cut', () => {
    for (let at = 1; at < json.length; at++) expect(through([json.slice(0, at), json.slice(at)])).toBe(left);
    expect(through([...json])).toBe(left);
  });
});

it.each([
  '{"n":4111111111111111}',
  '[4111111111111111, -4111111111111111, 1.5e+10]',
  '{"n" : 0.0049123456789}',
])('a number stays one (%s)', (json) => {
  expect(through([json])).toBe(json);
  expect(through([...json])).toBe(json);
});

describe.each([
  ['in single quotes', "{'card':'4111111111111111'}", "{'card':'[CARD]'}"],
  ['behind a name in them', "{'card': 4111111111111111}", "{'card': [CARD]}"],
  ['of a call, in them', "{'tel':'004930123456789'}", "{'tel':'[PHONE]'}"],
  ['behind a name without quotes', '{tel: 4111111111111111}', '{tel: [CARD]}'],
  ['before a word of Python', '{"card":4111111111111111,"ok":True}', '{"card":[CARD],"ok":True}'],
  ['in a comment', '{"a":1} // 4111111111111111', '{"a":1} // [CARD]'],
  ['of a second object', '{"a":1}{"card":4111111111111111, "to":"x"}', '{"a":1}{"card":[CARD], "to":"x"}'],
  ['before a comma too many', '{"card":4111111111111111,}', '{"card":[CARD],}'],
  ['of what broke off', '{"card":4111111111111111', '{"card":[CARD]'],
  ['with an address behind', '[4111111111111111,"bob@example.com",]', '[[CARD],"[EMAIL]",]'],
])('bare digits %s are no number of JSON', (_, json, left) => {
  it('whole', () => expect(through([json])).toBe(left));
  it('in pieces, wherever they are cut', () => {
    for (let at = 1; at < json.length; at++) expect(through([json.slice(0, at), json.slice(at)])).toBe(left);
    expect(through([...json])).toBe(left);
  });
});

it('what JSON says besides makes a number none the less, and nothing of it is lost', () => {
  const json = `{"it's": "'", "n": 4111111111111111, "ok": [true, false, null, -1.5E+10], "to": "bob@example.com"}`;
  const left = json.replace('bob@example.com', '[EMAIL]');
  expect(through([json])).toBe(left);
  for (let at = 1; at < json.length; at++) expect(through([json.slice(0, at), json.slice(at)])).toBe(left);
});

it('only what may be read in two ways waits, and what is very long is taken for JSON', () => {
  const { take, end } = opened();
  expect(take('{"a": 1, ')).toBe('{"a": 1, ');
  const waiting = take(`"n": 4111111111111111, "b": "${'x'.repeat(1000)}", `);
  expect(waiting).not.toContain('4111');
  const long = 'a word '.repeat(40_000);
  expect(`${waiting}${take(`"c": "${long}", 'd'}`)}${end()}`).toBe(
    `"n": 4111111111111111, "b": "${'x'.repeat(1000)}", "c": "${long}", 'd'}`,
  );
});

it('it is noted where it is taken out, and only there', () => {
  const noted = (json: string, mode: 'enforce' | 'report') => {
    const exchange = {} as Exchange;
    const { take, end } = opened({}, mode, exchange);
    expect(take(json) + end()).toBe(mode === 'report' ? json : json.replace(/(?<=')\d+/, '[CARD]'));
    return exchange.guards?.map(({ rule, action }) => `${rule} ${action}`);
  };
  expect(noted('{"card": 4111111111111111}', 'enforce')).toBeUndefined();
  expect(noted("{'4111111111111111'}", 'enforce')).toEqual(['card changed']);
  expect(noted("{'4111111111111111'}", 'report')).toEqual(['card reported']);
});

it('so it does where a pattern of the config finds it, with what stands around it', () => {
  const json = '{"id": 12345, "ids": [12345]}';
  expect(through([json], { order: '[: [\\[]12345[,\\]}]' })).toBe(json);
  expect(through(["{'id': AB12345}"], { order: 'AB[0-9]{5}' })).toBe("{'id': [ORDER]}");
});
