import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { comparedBy } from '../../../bench/harness/compare.ts';
import { oneAtATime } from '../../../bench/harness/one-at-a-time.ts';
import type { Started } from '../../../bench/harness/processes.ts';
import type { Call, Subject } from '../../../bench/harness/suite.ts';
import { heldSection } from '../../../bench/load/held.ts';
import { livesSection } from '../../../bench/load/memory.ts';
import { type Held, hold } from '../../../bench/load/memory-held.ts';
import { type Lived, live, thirdsOf } from '../../../bench/load/memory-lived.ts';
import { GET_1KB } from '../../../bench/load/messages.ts';
import { itemsUpstream } from '../../../bench/load/upstreams.ts';

const absent: Subject = {
  name: 'Bifrost',
  what: '',
  missing: () => 'not installed',
  start: () => Promise.reject(new Error('it is not here')),
};

const call: Call = {
  effort: { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true },
  say: () => undefined,
  wants: () => true,
};

const plan = { asked: GET_1KB, upstream: itemsUpstream(), subjects: [absent] };
const missing = [{ subject: 'Bifrost', why: 'not installed' }];

test('a subject that is not here is missing, and not left out without a word', async () => {
  const held = await hold({ ...plan, name: 'idle', groups: [], reads: 'all', heldMs: 1 }, call);
  expect(held).toEqual({ found: {}, present: [], missing });
  const lived = await live({ ...plan, requests: 1, withinSeconds: () => 1 }, call);
  expect(lived).toEqual({ found: {}, present: [], missing });
});

test('memory is told of each third of a run, of few samples too', () => {
  expect(thirdsOf([100, 110, 120, 200, 200, 200, 210, 220, 230])).toEqual({
    first: 110,
    middle: 200,
    last: 220,
  });
  expect(thirdsOf([100, 200, 300, 400])).toEqual({ first: 150, middle: 150, last: 350 });
  expect(thirdsOf([100])).toEqual({ first: 100, middle: 100, last: 100 });
});

/** A server that answers everything; `alive` holds who serves. */
async function serving(name: string, alive: Set<string>): Promise<Started> {
  const server = createServer((_, response) => void response.end(GET_1KB.answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  alive.add(name);
  return {
    pid: process.pid,
    port: (server.address() as AddressInfo).port,
    assertAlive: () => undefined,
    stop: async () => {
      alive.delete(name);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Three subjects before an upstream, of which `alive` holds those that serve. */
function three() {
  const alive = new Set<string>();
  const subjects = ['nginx', 'raw dispatch', 'gateway, full'].map(
    (name): Subject => ({ name, what: '', missing: () => null, start: () => serving(name, alive) }),
  );
  const upstream = { name: 'upstream', start: () => serving('upstream', alive) };
  return { alive, one: { subjects, upstream, first: GET_1KB } };
}

const rounds = (count: number): Call => ({ ...call, effort: { ...call.effort, rounds: count } });

test('in each round every subject is a fresh process that is alone, in another order', async () => {
  const { alive, one } = three();
  const order: string[] = [];
  const ports = new Set<number>();
  const { found } = await oneAtATime(one, rounds(3), async ({ started }, _site, where) => {
    expect(alive.size).toBe(2);
    ports.add(started.port);
    return order.push(where);
  });
  expect(order).toEqual([
    'round 1, nginx',
    'round 1, raw dispatch',
    'round 1, gateway, full',
    'round 2, raw dispatch',
    'round 2, nginx',
    'round 2, gateway, full',
    'round 3, gateway, full',
    'round 3, nginx',
    'round 3, raw dispatch',
  ]);
  expect(found).toEqual({ nginx: [1, 5, 8], 'raw dispatch': [2, 4, 9], 'gateway, full': [3, 6, 7] });
  expect(ports.size).toBe(9);
  expect(alive.size).toBe(0);
});

test('who fails in a round is named with it, and nothing is left running', async () => {
  const { alive, one } = three();
  const failing = oneAtATime(one, rounds(2), async (_alive, _site, where) => {
    if (where === 'round 2, nginx') throw new Error('3 answers were errors');
  });
  await expect(failing).rejects.toThrow('round 2, nginx: 3 answers were errors');
  expect(alive.size).toBe(0);
});

/** The cells of the row that begins so, without the first. */
const rowOf = (section: string, begin: string): string[] => {
  const line = section.split('\n').find((each) => each.startsWith(`| ${begin} |`)) ?? '';
  return line.slice(2, -2).split(' | ').slice(1);
};

const lived = (atStart: number, middle: number, last: number, more: Partial<Lived> = {}): Lived => ({
  requests: 1_002_000,
  atStart,
  samples: [middle, last + 1, last],
  thirds: { first: middle, middle, last },
  ...more,
});

test('memory is flat, not flat or not told by the interval of the rounds, and compared within them', () => {
  const growth = (...lasts: number[]) => lasts.map((last) => lived(80, 200, last));
  const found = {
    flat: growth(200, 202, 206, 210, 198),
    growing: growth(212, 230, 220, 240, 250),
    scattered: growth(200, 202, 206, 230, 198),
  };
  const comparisons = comparedBy(found, [{ subject: 'scattered', against: 'flat' }], {
    'at the end': ({ samples }) => samples.at(-1) ?? Number.NaN,
  });
  const section = livesSection('a million requests', found, comparisons);

  expect(rowOf(section, 'flat')).toEqual([
    '1002.0k (1002.0–1002.0)',
    '80.0 (80.0–80.0)',
    '200 (200–200)',
    '200 (200–200)',
    '202 (198–210)',
    '203 (200–211)',
    '202 (198–210)',
    '1.01 (0.99–1.05)',
    'yes',
  ]);
  expect(rowOf(section, 'growing').slice(-2)).toEqual(['1.15 (1.06–1.25)', 'no']);
  expect(rowOf(section, 'scattered').at(-1)).toBe('not told');
  expect(rowOf(section, 'scattered ÷ flat, at the end').at(-1)).toBe('no difference (within ±20.0)');
});

test('where the time ended some rounds before all requests were made, the table says in how many', () => {
  const early = lived(80, 200, 200, { requests: 34_000, endedAfterSeconds: 25 });
  const found = { gateway: [lived(80, 200, 200), early], Portkey: [early, early] };
  const section = livesSection('a million requests', found, []);

  expect(rowOf(section, 'gateway')[0]).toBe('518.0k (34.0–1002.0), ended after 25 s in 1 of 2 rounds');
  expect(rowOf(section, 'Portkey')[0]).toBe('34.0k (34.0–34.0), ended after 25 s');
  expect(rowOf(section, 'Portkey').at(-1)).toBe('too few rounds');
});

test('of what is held no loss hides behind a median, nor a request that had no answer', () => {
  const held = (later: number, more: Partial<Held> = {}): Held => ({
    ...{ held: 1024, lost: 0, before: 100, with: later, later, freshMs: 3, eventsASecond: 0 },
    ...{ bytesASecond: 128e6, busy: 0.02, loadBusy: 0.3 },
    ...more,
  });
  const found = { gateway: [110, 111, 112, 113, 114].map((later) => held(later)) };
  found.gateway[1] = held(111, { lost: 2, held: 1000, freshMs: Number.NaN });
  const section = heldSection('idle connections', found, []);

  expect(rowOf(section, 'gateway')).toEqual([
    '1000',
    '2',
    '100 (100–100)',
    '112 (110–114)',
    '112 (110–114)',
    '12.0 (10.0–14.0)',
    '3.00 (3.00–3.00), none in 1 of 5 rounds',
    '0.00 (0.00–0.00)',
    '128 (128–128)',
    '2.00 (2.00–2.00)',
    '30.0 (30.0–30.0)',
  ]);
});
