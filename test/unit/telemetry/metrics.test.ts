import {
  type CounterConfiguration,
  type HistogramConfiguration,
  Counter as PromCounter,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import { expect, it, vi } from 'vitest';
import { Counter, Histogram } from '../../../src/telemetry/metrics.ts';

const COUNTER: CounterConfiguration<string> = {
  name: 'things_total',
  help: 'Things.',
  labelNames: ['route', 'method', 'class'],
};
const HISTOGRAM: HistogramConfiguration<string> = {
  name: 'thing_seconds',
  help: 'Time of a thing.',
  labelNames: ['route', 'method', 'class'],
  buckets: [0.001, 0.5, 1, 10, 1_048_576],
};

type Made = (own: { registers: Registry[]; labelNames?: string[] }) => { reset(): void };

/** What is called, the client's own, and ours. */
const KINDS: readonly (readonly [method: string, theirs: Made, ours: Made])[] = [
  ['inc', (own) => new PromCounter({ ...COUNTER, ...own }), (own) => new Counter({ ...COUNTER, ...own })],
  [
    'observe',
    (own) => new PromHistogram({ ...HISTOGRAM, ...own }),
    (own) => new Histogram({ ...HISTOGRAM, ...own }),
  ],
];

/** What an argument may be for who does not look at the types: both have to say the same of it. */
type Arguments = readonly unknown[];

/** Their page after calls, with what each call threw. */
async function told(
  metric: { reset(): void },
  method: string,
  calls: readonly Arguments[],
  registry: Registry,
): Promise<{ page: string; figures: unknown; thrown: string[] }> {
  const thrown: string[] = [];
  for (const args of calls) {
    try {
      if (args[0] === 'reset') metric.reset();
      else (metric as unknown as Record<string, (...given: Arguments) => void>)[method]?.(...args);
    } catch (error) {
      thrown.push(String(error));
    }
  }
  return { page: await registry.metrics(), figures: await registry.getMetricsAsJSON(), thrown };
}

const SHOP = { route: 'shop', method: 'GET', class: '2xx' };
const CALLS: readonly Arguments[] = [
  [SHOP, 1],
  [{ ...SHOP }, 0.25],
  [{ class: '2xx', method: 'GET', route: 'shop' }, 0.1],
  [{ ...SHOP, class: '5xx' }, 7],
  [SHOP, 0],
  [{ route: 'shop' }, 3],
  [{ route: 'shop', method: undefined }, 3],
  [{ method: 'shop' }, 3],
  [{ route: 200, method: 'GET' }, 1],
  [{ route: '200', method: 'GET' }, 1],
  [{ route: '', method: '', class: '' }, 1],
  // By their texts these are one series.
  [{ route: 'a,zone:b', method: 'c' }, 1],
  [{ class: 'x,method:y' }, 2],
  [{ class: 'x', method: 'y,' }, 2],
  [{ class: 'x', method: 'y' }, 2],
  [{ route: null }, 1],
  [{ route: ['shop'] }, 1],
  [{ ...SHOP, other: 'x' }, 1],
  [{ ...SHOP, other: undefined }, 1],
  [{ route: 'shop', other: 'x' }, 1],
  [SHOP, -1],
  [SHOP, Number.NaN],
  [{ ...SHOP, class: '3xx' }, Number.NaN],
  [SHOP, Number.POSITIVE_INFINITY],
  [SHOP, undefined],
  [SHOP, null],
  [SHOP],
  [{}, 2],
  [4],
  [],
  [null],
  [undefined, 5],
];

it.each<[string, { labelNames?: string[] }]>([
  ['with labels', {}],
  ['without labels', { labelNames: [] }],
])('a counter and a histogram %s say what the client’s own say after the same calls, also anew after a reset', async (_name, more) => {
  const calls = [...CALLS, ...CALLS, ['reset'], ...CALLS.slice(0, 3), ...CALLS];
  for (const [method, makeTheirs, makeOurs] of KINDS) {
    const [theirs, ours] = [new Registry(), new Registry()];
    const expected = await told(makeTheirs({ ...more, registers: [theirs] }), method, calls, theirs);
    const actual = await told(makeOurs({ ...more, registers: [ours] }), method, calls, ours);
    expect(actual).toEqual(expected);
    expect(expected.thrown.length).toBeGreaterThan(0);
  }
});

it('of each bucket’s edge a value belongs to the bucket below it', async () => {
  const values = [0, 0.001, 0.0010001, 0.5, 1, 1.5, 10, 11, 1_048_576, 1_048_577, -3, 1e300];
  const calls = values.flatMap((value): Arguments[] => [
    [SHOP, value],
    [SHOP, value],
  ]);
  const [theirs, ours] = [new Registry(), new Registry()];
  const expected = new PromHistogram({ ...HISTOGRAM, registers: [theirs] });
  const actual = new Histogram({ ...HISTOGRAM, registers: [ours] });
  expect(await told(actual, 'observe', calls, ours)).toEqual(await told(expected, 'observe', calls, theirs));
});

it('what was taken out or set to nothing begins again', async () => {
  const [theirs, ours] = [new Registry(), new Registry()];
  for (const [counter, histogram] of [
    [
      new PromCounter({ ...COUNTER, registers: [theirs] }),
      new PromHistogram({ ...HISTOGRAM, registers: [theirs] }),
    ],
    [new Counter({ ...COUNTER, registers: [ours] }), new Histogram({ ...HISTOGRAM, registers: [ours] })],
  ] as const) {
    counter.inc(SHOP, 5);
    counter.remove(SHOP);
    counter.inc(SHOP, 2);
    counter.labels('shop', 'GET', '2xx').inc(3);
    histogram.observe(SHOP, 5);
    histogram.remove(SHOP);
    histogram.observe(SHOP, 2);
    histogram.zero(SHOP);
    histogram.observe(SHOP, 0.1);
    histogram.labels('shop', 'GET', '2xx').observe(3);
    histogram.observe(SHOP, 0.1);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});

it('a series is looked for by the client once, and found without it from then on', () => {
  const find = vi.spyOn(
    PromCounter.prototype as unknown as { incWithoutExemplar(): void },
    'incWithoutExemplar',
  );
  const counter = new Counter({ ...COUNTER, registers: [] });
  for (let i = 0; i < 10; i++) {
    counter.inc({ route: 'shop', method: 'GET', class: '2xx' });
    counter.inc({ route: 'shop', method: 'GET', class: '5xx' }, 2);
  }
  expect(find).toHaveBeenCalledTimes(2);
  find.mockRestore();
});

it('what is added by the values of labels, in their order, is what is counted by an object of them', async () => {
  const [theirs, ours] = [new Registry(), new Registry()];
  const counted = new PromCounter({ ...COUNTER, registers: [theirs] });
  const observed = new PromHistogram({ ...HISTOGRAM, registers: [theirs] });
  const counter = new Counter({ ...COUNTER, registers: [ours] });
  const histogram = new Histogram({ ...HISTOGRAM, registers: [ours] });
  const all = [
    ['shop', 'GET', '2xx'],
    ['shop', 'GET', ''],
    ['', 'GET', 'shop'],
    ['a,zone:b', 'c', 'd'],
  ] as const;
  const add = (value: number): void => {
    for (const [route, method, status] of all) {
      counted.inc({ route, method, class: status }, value);
      observed.observe({ route, method, class: status }, value);
      counter.add(value, route, method, status);
      histogram.add(value, route, method, status);
    }
  };
  for (const value of [0.2, 0, 1, 3]) add(value);
  expect(() => counter.add(-1, 'shop', 'GET', '2xx')).toThrow();
  expect(() => histogram.add(Number.NaN, 'shop', 'GET', '2xx')).toThrow();
  for (const each of [counted, observed, counter, histogram]) each.remove('shop', 'GET', '2xx');
  add(5);
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const each of [counted, observed, counter, histogram]) each.reset();
  add(7);
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
