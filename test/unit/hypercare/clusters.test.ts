import { expect, it } from 'vitest';
import { clustersOf } from '../../../src/hypercare/feedback/clusters.ts';
import type { Report } from '../../../src/hypercare/feedback/report.ts';
import { report } from '../../helpers/report.ts';

const HOUR = 3_600_000;
const BEGIN = Date.UTC(2026, 10, 23);

let last = 0;
/** @param hours since the beginning */
const said = (author: string, hours: number, more: Partial<Report> = {}): Report =>
  report({ id: `R${String(++last).padStart(4, '0')}`, at: BEGIN + hours * HOUR, author, ...more });
const clusters = (...reports: Report[]) => clustersOf(reports.toReversed(), HOUR);

it('three people within an hour are a cluster; one who says it three times, or three in a day, are none', () => {
  const reports = [said('ann', 0), said('bob', 0.5), said('cyd', 0.9, { count: 3, lastAt: BEGIN + HOUR })];
  expect(clusters(...reports)).toEqual([
    {
      id: reports[0]?.id,
      topic: 'performance',
      since: BEGIN,
      lastAt: BEGIN + HOUR,
      people: 3,
      said: 5,
      reports: reports.toReversed(),
    },
  ]);
  expect(clusters(said('ann', 0), said('ann', 0.1), said('ann', 0.2), said('bob', 0.3))).toEqual([]);
  expect(clusters(said('ann', 0), said('bob', 8), said('cyd', 16))).toEqual([]);
});

it('who joins while it goes on belongs to it, what comes back later is another, and each topic has its own', () => {
  const going = [0, 0.4, 0.8, 1.2, 1.6].map((hours, n) => said(`author ${n}`, hours));
  const later = [9, 9.1, 9.2].map((hours, n) => said(`author ${n}`, hours));
  const forgot = [9.3, 9.4, 9.5].map((hours, n) =>
    said(`author ${n}`, hours, { labels: ['context-integrity'] }),
  );
  // A score is no complaint, and tells nobody what about.
  const scores = [9.6, 9.7, 9.8].map((hours, n) =>
    said(`author ${n}`, hours, { score: 1, scoreKind: 'csat' }),
  );
  const found = clusters(...going, ...later, ...forgot, ...scores);
  expect(found.map(({ id, topic, people }) => ({ id, topic, people }))).toEqual([
    { id: forgot[0]?.id, topic: 'context-integrity', people: 3 },
    { id: later[0]?.id, topic: 'performance', people: 3 },
    { id: going[0]?.id, topic: 'performance', people: 5 },
  ]);
});
