import { expect, it } from 'vitest';
import type { StateChange } from '../../../src/contracts/state-change.ts';
import { Changes } from '../../../src/record/changes.ts';
import type { Meters } from '../../../src/record/meters.ts';
import type { Logger } from '../../../src/telemetry/logger.ts';

const change = (kind: StateChange['kind'], to: string, reason: string): StateChange => ({
  at: 1,
  kind,
  subject: 'weather forecast',
  from: '',
  to,
  reason,
  by: 'gateway',
});

it('of what several processes see each by itself only the news is recorded; whatever else comes twice has happened twice', () => {
  const meters = { stateChanges: { inc: () => undefined } } as unknown as Meters;
  const changes = new Changes({ info: () => undefined } as unknown as Logger, meters);
  const said = [
    change('tool', 'changed', 'another description'),
    change('tool', 'changed', 'another description'),
    change('tool', 'changed', 'and another title'),
    change('tool', 'approved', 'its change was approved, as 0123'),
    change('tool', 'approved', 'its change was approved'),
    change('tool', 'changed', 'another description'),
    change('shedding', 'on', 'too late'),
    change('shedding', 'on', 'too late'),
  ];
  for (const each of said) changes.recordNews(each);
  expect(changes.recent.map(({ to, reason }) => `${to}: ${reason}`)).toEqual([
    'changed: another description',
    'changed: and another title',
    'approved: its change was approved, as 0123',
    'changed: another description',
    'on: too late',
    'on: too late',
  ]);
});
