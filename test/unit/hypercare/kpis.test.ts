import { expect, test } from 'vitest';
import type { Drawn } from '../../../bench/scenarios/world.ts';
import { Questions } from '../../../src/hypercare/engine/questions.ts';
import { kpisOf } from '../../../src/hypercare/kpis/kpis.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';

const HOUR = 360;
const HOUR_MS = 3_600_000;

test('attempts that fail are no requests: where all fail nothing is available, and where another helps out everything is', () => {
  const attempt = (one: Drawn): void => {
    one.failedAttempts = [{ upstream: 'primary', target: 'primary/gpt-4o', reason: '503', endedMs: 5 }];
  };
  const shown = (each: (one: Drawn) => void) => {
    const small = new Small();
    const questions = new Questions(small.core, small.now);
    small.core.onSummed = (now) => questions.keep(now);
    small.ticks(30, (one) => {
      small.talk(one);
      attempt(one);
      each(one);
    });
    const scope = { model: 'support' };
    const query = { signal: 'errors', scope, from: 0, to: small.now, step: 'minute' } as const;
    const [{ bad = 0, total = 0 } = {}] = questions.rates(query).slice(1);
    const { errors, requests } = questions.figures(scope);
    const edges = questions.trafficMap();
    const rateTo = (dimension: string) =>
      edges.filter(({ to }) => to.dimension === dimension).map(({ errorRate }) => errorRate);
    return { rates: [bad, total], errors: errors / requests, routes: rateTo('route'), rateTo };
  };
  const outage = shown((one) => {
    one.target = 'primary/gpt-4o';
    if (one.ai) one.ai.provider = 'primary';
    fail(one);
  });
  expect(outage).toMatchObject({ rates: [600, 600], errors: 1, routes: [1] });
  expect(outage.rateTo('target')).toEqual([1]);
  const helped = shown((one) => {
    one.target = 'backup/gpt-4o';
    if (one.ai) one.ai.provider = 'backup';
  });
  expect(helped).toMatchObject({ rates: [0, 600], errors: 0, routes: [0] });
  expect(helped.rateTo('target')).toEqual([0, 0]);
});

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
