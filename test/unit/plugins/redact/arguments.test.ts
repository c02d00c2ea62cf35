// What a model writes as arguments should be JSON. Where it is none, what stands outside of its strings is looked at all the same.
import { describe, expect, it } from 'vitest';
import redact from '../../../../plugins/redact/index.ts';
import type { Exchange } from '../../../../src/contracts/exchange.ts';
import { DATA_KINDS } from '../../../../src/contracts/personal-data.ts';
import type { Policy, PolicyPorts } from '../../../../src/contracts/policy.ts';
import { PERSONAL_DATA } from '../../../../src/lib/personal-data/index.ts';

function through(pieces: readonly string[], patterns: Record<string, string> = {}): string {
  const settings = { kinds: [...DATA_KINDS], patterns, answers: true, mode: 'enforce' as const };
  const policy = redact.create(settings, { personalData: PERSONAL_DATA } as PolicyPorts) as Policy;
  const filter = policy.guardModel?.({} as Exchange).openAnswer?.('arguments');
  if (!filter) throw new Error('redact looks at arguments');
  return pieces.map((piece) => filter.take(piece)).join('') + filter.end();
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

it('so it does where a pattern of the config finds it, with what stands around it', () => {
  const json = '{"id": 12345, "ids": [12345]}';
  expect(through([json], { order: '[: [\\[]12345[,\\]}]' })).toBe(json);
  expect(through(["{'id': AB12345}"], { order: 'AB[0-9]{5}' })).toBe("{'id': [ORDER]}");
});
