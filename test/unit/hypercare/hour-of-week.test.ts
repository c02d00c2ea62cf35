import { expect, test } from 'vitest';
import { HourOfWeek } from '../../../src/hypercare/signals/hour-of-week.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONDAY_NINE = Date.UTC(2026, 10, 23, 9);
const batch = 5;

/** An hour in which so many of ten fail, tick by tick. */
function hourOf(hours: HourOfWeek, at: number, bad: number): void {
  hours.at(at);
  for (let tick = 0; tick < 360; tick++) hours.add(batch, bad, 10);
}

test('what fails each Monday at nine is usual then, and at no other hour; an hour says nothing before it is over', () => {
  const hours = new HourOfWeek();
  hourOf(hours, MONDAY_NINE, 2);
  expect(hours.rate(batch)).toBeUndefined();
  hourOf(hours, MONDAY_NINE + HOUR, 0);
  hourOf(hours, MONDAY_NINE + DAY, 0);
  hours.at(MONDAY_NINE + 7 * DAY);
  expect(hours.rate(batch)).toBeCloseTo(0.2);
  hours.at(MONDAY_NINE + 7 * DAY + HOUR);
  expect(hours.rate(batch)).toBe(0);
  hours.at(MONDAY_NINE + 8 * DAY + 5 * HOUR);
  expect(hours.rate(batch)).toBeUndefined();

  const next = new HourOfWeek();
  next.restore(JSON.parse(JSON.stringify(hours.state)));
  next.at(MONDAY_NINE + 14 * DAY);
  expect(next.rate(batch)).toBeCloseTo(0.2);
});

test('a week that nobody has seen yet is like its days: the batch of every night is usual on the second one', () => {
  const hours = new HourOfWeek();
  for (const day of [0, 1]) {
    hourOf(hours, MONDAY_NINE + day * DAY, 2 + 2 * day);
    hourOf(hours, MONDAY_NINE + day * DAY + HOUR, 0);
  }
  hours.at(MONDAY_NINE + 2 * DAY);
  expect(hours.rate(batch)).toBeCloseTo(0.3);
  hours.at(MONDAY_NINE + 2 * DAY + 5 * HOUR);
  expect(hours.rate(batch)).toBeUndefined();
  // A Monday that has been seen is like itself.
  hours.at(MONDAY_NINE + 7 * DAY);
  expect(hours.rate(batch)).toBeCloseTo(0.2);
});
