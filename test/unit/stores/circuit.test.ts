import { expect, it } from 'vitest';
import { Circuit } from '../../../src/stores/redis/circuit.ts';
import { type StoreEvent, Transitions } from '../../../src/stores/transitions.ts';

function circuit() {
  const time = { now: 0 };
  const events: StoreEvent[] = [];
  const transitions = new Transitions((event) => events.push(event));
  return { time, events, circuit: new Circuit(transitions, () => time.now) };
}

const broken = new Error('no answer');

it('opens after five failures in a row, and not for four and a success', () => {
  const { circuit: tested, events } = circuit();
  for (const outcome of ['f', 'f', 'f', 'f', 's', 'f', 'f', 'f', 'f']) {
    if (outcome === 'f') tested.failed(broken);
    else tested.succeeded();
  }
  expect(tested.allows()).toBe(true);
  expect(events).toEqual([]);
  tested.failed(broken);
  expect(tested.allows()).toBe(false);
  expect(events).toEqual([{ kind: 'down', error: broken }]);
});

it('lets one call an interval try, and all after a success', () => {
  const { circuit: tested, time, events } = circuit();
  for (let at = 0; at < 5; at++) tested.failed(broken);
  time.now = 499;
  expect(tested.allows()).toBe(false);
  time.now = 500;
  expect([tested.allows(), tested.allows()]).toEqual([true, false]);
  tested.failed(broken);
  time.now = 999;
  expect(tested.allows()).toBe(false);
  time.now = 1000;
  expect(tested.allows()).toBe(true);
  tested.succeeded();
  expect([tested.allows(), tested.allows()]).toEqual([true, true]);
  expect(events.map((event) => event.kind)).toEqual(['down', 'up']);
});

it('opens at once when the connection is lost, and tries at once when it is back', () => {
  const { circuit: tested, events } = circuit();
  tested.lost(broken);
  tested.lost(broken);
  expect(tested.allows()).toBe(false);
  tested.retry();
  expect(tested.allows()).toBe(true);
  expect(events).toHaveLength(1);
  expect(tested.lastError).toBe(broken);
});
