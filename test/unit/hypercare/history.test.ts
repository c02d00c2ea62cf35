import { expect, test } from 'vitest';
import { History } from '../../../src/hypercare/engine/history.ts';

test('a picture of the last half hour is the same after a restart, tick by tick; of what is older the minutes are known', () => {
  const history = new History();
  for (let tick = 0; tick < 400; tick++) {
    history.add('route=shop', tick, 10);
    if (tick > 380) history.add('route=shop errors', tick, 3);
  }
  const points = (of: History, step: 'tick' | 'minute', from: number) =>
    of.points(['route=shop errors'], 'route=shop', step, [from, 399], (tick) => tick * 10_000);
  const next = new History();
  next.restore(JSON.parse(JSON.stringify(history.state)));
  expect(points(next, 'tick', 220)).toEqual(points(history, 'tick', 220));
  expect(points(next, 'tick', 220)).toHaveLength(180);
  expect(points(next, 'minute', 0)).toEqual(points(history, 'minute', 0));

  // What a version before this one remembered has no ticks.
  const older = new History();
  older.restore(history.state.map(([what, minutes, hours]) => [what, minutes, hours]));
  expect(points(older, 'tick', 0)).toEqual([]);
  expect(points(older, 'minute', 0)).toEqual(points(history, 'minute', 0));
});
