import { expect, test } from 'vitest';
import { Questions } from '../../../src/hypercare/engine/questions.ts';
import { kpisOf } from '../../../src/hypercare/kpis/kpis.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';

const HOUR = 360;
const HOUR_MS = 3_600_000;

test('availability is that of the stretch that is asked for, and users are those that somebody has counted', async () => {
  const small = new Small();
  const questions = new Questions(small.core, small.now);
  small.core.onSummed = (now) => questions.keep(now);
  small.ticks(HOUR, (one, at) => at % 10 === 0 && fail(one), 10);
  small.ticks(HOUR, () => undefined, 10);
  const kpis = (hours: number, users?: number) => {
    const engine = {
      queries: {
        figures: async () => questions.figures({}),
        objectives: async () => questions.objectives(),
        rates: async (query: Parameters<Questions['rates']>[0]) => questions.rates(query),
      },
    };
    const report = { at: small.now - HOUR_MS / 2, score: null, scoreKind: null, count: 1 };
    const sources = { findings: [], reports: [report as never], engine: engine as never, users };
    return kpisOf(sources, small.now - hours * HOUR_MS, small.now);
  };
  expect((await kpis(2)).availability).toBeCloseTo(0.95, 3);
  expect((await kpis(48)).availability).toBeCloseTo(0.95, 3);
  const { availability, p95, feedback } = await kpis(0.5);
  expect(availability).toBe(1);
  expect(p95).toBeCloseTo(20, 0);
  expect(feedback).toEqual({ reports: 1, perThousandUsers: null });
  expect((await kpis(1, 500)).feedback.perThousandUsers).toBe(2);
});
