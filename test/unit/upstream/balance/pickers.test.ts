import { expect, it } from 'vitest';
import { seededRandom } from '../../../../src/demo/seeded.ts';
import { byLatency, byRequests, Drawn } from '../../../../src/upstream/balance/drawn.ts';
import type { Balanced, Member, Picker } from '../../../../src/upstream/balance/picker.ts';
import { RoundRobin } from '../../../../src/upstream/balance/round-robin.ts';

interface Fake extends Balanced {
  load: { inFlight: number; ms: number; latency(): number };
}

const target = (url: string, inFlight = 0, ms = 0): Fake => ({
  url,
  load: {
    inFlight,
    ms,
    latency() {
      return this.ms;
    },
  },
});

const membersOf = (weights: number[]): Member<Fake>[] =>
  weights.map((weight, i) => ({ target: target(`t${i}`), weight }));

/** The share of picks that each target gets. */
function shares(picker: Picker<Fake>, members: Member<Fake>[], avoid?: Set<Fake>): number[] {
  const counts = new Map<Fake | undefined, number>();
  for (let i = 0; i < 20_000; i++) {
    const picked = picker.pick(avoid, undefined);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return members.map((member) => (counts.get(member.target) ?? 0) / 20_000);
}

const near = (expected: number[]) => expected.map((share) => expect.closeTo(share, 1.7));

it.each([
  [
    [1, 1, 1, 1],
    [0.25, 0.25, 0.25, 0.25],
  ],
  [
    [5, 3, 2],
    [0.5, 0.3, 0.2],
  ],
  [[1], [1]],
])('random: weights %j get their shares', (weights, expected) => {
  const members = membersOf(weights);
  expect(shares(new Drawn(members, seededRandom('r')), members)).toEqual(near(expected));
});

it.each([
  [[1, 1, 1, 1]],
  [[5, 3, 2]],
  [[1, 9]],
])('idle targets of weights %j share by weight also among two choices', (weights) => {
  const members = membersOf(weights);
  const total = weights.reduce((a, b) => a + b);
  const picker: Picker<Fake> = new Drawn(members, seededRandom('r'), byRequests);
  expect(shares(picker, members)).toEqual(near(weights.map((weight) => weight / total)));
});

it('least-requests: the busiest of all is never taken, a heavy one may be busier', () => {
  const members = [1, 1, 4].map((weight, i) => ({ target: target(`t${i}`, 0), weight }));
  const [a, b, c] = members.map((each) => each.target) as [Fake, Fake, Fake];
  const picker: Picker<Fake> = new Drawn(members, seededRandom('r'), byRequests);
  a.load.inFlight = 3;
  expect(shares(picker, members)[0]).toBe(0);
  a.load.inFlight = 2;
  b.load.inFlight = 2;
  c.load.inFlight = 7;
  expect(shares(picker, members)[2], 'below twice four').toBeGreaterThan(0.8);
  c.load.inFlight = 9;
  expect(shares(picker, members)[2]).toBe(0);
});

it('requests that stay in flight are spread by weight', () => {
  const members = membersOf([1, 2, 3]);
  const picker: Picker<Fake> = new Drawn(members, seededRandom('r'), byRequests);
  for (let i = 0; i < 600; i++) {
    const picked = picker.pick(undefined, undefined);
    if (picked) picked.load.inFlight++;
  }
  const inFlight = members.map((member) => member.target.load.inFlight);
  expect(inFlight).toEqual([100, 200, 300].map((count) => expect.closeTo(count, -1)));
});

it.each([
  1, 100,
])('ewma: the slow one is shunned until the others are busier than it is slow (weights of %i)', (weight) => {
  const members = membersOf([weight, weight, weight]);
  const [a, b, c] = members.map((each) => each.target) as [Fake, Fake, Fake];
  const picker: Picker<Fake> = new Drawn(
    members,
    seededRandom('r'),
    byLatency(() => 0),
  );
  expect(shares(picker, members), 'nothing known').toEqual(near([1 / 3, 1 / 3, 1 / 3]));
  for (const each of [a, b]) each.load.ms = 20;
  c.load.ms = 200;
  expect(shares(picker, members)[2]).toBe(0);
  for (const each of [a, b]) each.load.inFlight = 10;
  expect(shares(picker, members)[2]).toBeGreaterThan(0.5);
});

it.each([
  ['round-robin', (members: Member<Fake>[]) => new RoundRobin(members, { next: 0 })],
  ['random', (members: Member<Fake>[]) => new Drawn(members, seededRandom('r'))],
  ['least-requests', (members: Member<Fake>[]) => new Drawn(members, seededRandom('r'), byRequests)],
] satisfies [
  string,
  (members: Member<Fake>[]) => Picker<Fake>,
][])('%s: what is to be avoided is, and the others share by weight', (_name, make) => {
  const members = membersOf([1, 2, 3]);
  const picker: Picker<Fake> = make(members);
  const avoid = new Set([(members[1] as Member<Fake>).target]);
  expect(shares(picker, members, avoid)).toEqual(near([0.25, 0, 0.75]));
  expect(picker.pick(new Set(members.map((member) => member.target)), undefined)).toBeUndefined();
  expect((make([]) as Picker<Fake>).pick(undefined, undefined)).toBeUndefined();
});
