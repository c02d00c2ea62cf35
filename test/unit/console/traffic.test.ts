import { expect, it } from 'vitest';
import { type Edge, mapOf } from '../../../src/console/app/lib/traffic.ts';

const edge = (from: string, to: string, requestsPerSecond: number, errorRate = 0): Edge => {
  const end = (text: string) => {
    const [dimension = '', value = ''] = text.split(' ');
    return { dimension, value };
  };
  return { from: end(from), to: end(to), requestsPerSecond, errorRate, p50: 1, p95: 2 };
};

it('whoever is called by several has what comes from all of them, beside those who call', () => {
  const { nodes, lines, hidden } = mapOf(
    [
      edge('gateway', 'route busy', 30),
      edge('gateway', 'route quiet', 10, 0.5),
      edge('route busy', 'upstream shop', 30),
      edge('route quiet', 'upstream shop', 10, 0.5),
      edge('route quiet', 'upstream other', 1),
      edge('upstream shop', 'target http://a', 40, 0.125),
    ],
    [],
    12,
  );
  expect(nodes.map(({ key, column, row }) => `${key} ${column}:${row}`)).toEqual([
    'route busy 0:0',
    'route quiet 0:1',
    'upstream shop 1:1',
    'upstream other 1:2',
    'target http://a 2:1',
  ]);
  expect(nodes[2]).toMatchObject({ requestsPerSecond: 40, errorRate: 0.125, isBad: true });
  expect(nodes[0]).toMatchObject({ isBad: false });
  // What comes from outside is no line.
  expect(lines.map(({ from, to }) => `${from.key} → ${to.key}`)).toEqual([
    'route busy → upstream shop',
    'route quiet → upstream shop',
    'route quiet → upstream other',
    'upstream shop → target http://a',
  ]);
  expect(hidden).toBe(0);
});

it('of many the busiest are shown, and those that are bad: errors, a breaker that is open, a target that is out', () => {
  const edges = Array.from({ length: 9 }, (_, n) =>
    edge('gateway', `route r${n}`, 9 - n, n === 8 ? 0.01 : 0),
  );
  const ups = Array.from({ length: 9 }, (_, n) => edge('route r0', `upstream u${n}`, 9 - n));
  const targets = Array.from({ length: 9 }, (_, n) => edge('upstream u0', `target t${n}`, 9 - n));
  const upstreams = [
    { name: 'u0', breaker: { state: 'closed' }, targets: [{ url: 't7', state: 'ejected' }] },
    { name: 'u6', breaker: { state: 'half-open' }, targets: [] },
  ];
  const { nodes, hidden } = mapOf([...edges, ...ups, ...targets], upstreams, 2);
  expect(nodes.map(({ value, state }) => `${value} ${state}`.trim())).toEqual([
    'r0',
    'r1',
    'r8',
    'u0',
    'u1',
    'u6 half-open',
    't0',
    't1',
    't7 ejected',
  ]);
  expect(hidden).toBe(18);
});
