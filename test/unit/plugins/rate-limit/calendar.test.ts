import { expect, it } from 'vitest';
import { calendar } from '../../../../plugins/rate-limit/calendar.ts';

const at = (time: string): number => Date.parse(time);

it.each([
  ['month', '2026-11-30T23:59:59.999Z', '2026-11', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['month', '2026-12-01T00:00:00Z', '2026-12', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['month', '2028-02-29T12:00:00Z', '2028-02', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ['day', '2026-12-31T23:00:00-02:00', '2027-01-01', '2027-01-01T00:00:00Z', '2027-01-02T00:00:00Z'],
] as const)('the %s of %s is %s', (per, now, name, startsAt, endsAt) => {
  const period = calendar(per)(at(now));
  expect(period).toEqual({ name, startsAt: at(startsAt), endsAt: at(endsAt) });
});

it('goes on with time, and back with a clock that is set back', () => {
  const day = calendar('day');
  const names = ['2026-11-23T23:59:59Z', '2026-11-24T00:00:00Z', '2026-11-23T23:59:59Z'].map(
    (now) => day(at(now)).name,
  );
  expect(names).toEqual(['2026-11-23', '2026-11-24', '2026-11-23']);
});
