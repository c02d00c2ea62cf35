// Servers in Go take a key in any case, and the last of several: what the gateway acts on is written in one way only.
import { expect, it } from 'vitest';
import { refuseOtherCase, refuseOtherCaseOfCost } from '../../../src/ai/acted-on.ts';
import { readCall } from '../../../src/ai/passthrough-call.ts';

const refused = (check: () => unknown): unknown => {
  try {
    check();
    return undefined;
  } catch (error) {
    const { code, param } = error as { code: string; param: string };
    return [code, param];
  }
};

it.each([
  'Model',
  'MODEL',
  'Messages',
  'me\u017f\u017fages',
  'Max_Tokens',
  'Stream',
  'tool\u017f',
  'User',
])('%s is refused by its name', (key) => {
  expect(refused(() => refuseOtherCase({ model: 'small', messages: [], [key]: 1 }))).toEqual([
    'body_invalid',
    key,
  ]);
});

it('what nobody here acts on may be written in any way', () => {
  const body = { model: 'm', messages: [], n: 1, Temperature: 1, topK: 5, 'X-Own': 1, serviceTier: 'flex' };
  expect(refused(() => refuseOtherCase(body))).toBeUndefined();
});

it('in a provider’s own words only what it costs counts: no guard reads the rest', () => {
  expect(refused(() => refuseOtherCaseOfCost({ System: 'Hi', Query: 'Hi' }))).toBeUndefined();
  for (const key of ['Messages', 'INPUT', 'Prompt'])
    expect(refused(() => refuseOtherCaseOfCost({ [key]: [] }))).toEqual(['body_invalid', key]);
  const body = Buffer.from('{"model":"small","Model":"big"}');
  expect(refused(() => readCall('POST', '/chat/completions', body, 'application/json'))).toEqual([
    'body_invalid',
    'Model',
  ]);
});
