import { expect, test } from 'vitest';
import type { Drawn } from '../../../bench/scenarios/world.ts';
import type { FindingState } from '../../../src/contracts/finding.ts';
import { Questions } from '../../../src/hypercare/engine/questions.ts';
import type { Finding } from '../../../src/hypercare/findings/finding.ts';
import { moved } from '../../../src/hypercare/findings/life.ts';
import { entryOf } from '../../../src/hypercare/knowledge/entry.ts';
import { kpisOf } from '../../../src/hypercare/kpis/kpis.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';
import { detection } from '../../helpers/told-engine.ts';

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

test('what comes back is found, taken on and resolved anew: times are by episode, and what an episode took stays what it took', async () => {
  const MINUTE_MS = 60_000;
  const [january, march] = [Date.UTC(2027, 0, 10), Date.UTC(2027, 2, 10)];
  const detected = (since: number) => detection({ when: { since, until: null, pattern: 'constant' } });
  let finding = {
    ...detected(january - 4 * MINUTE_MS),
    id: 'f1',
    state: 'open',
    openedAt: january,
    resolvedAt: null,
    timesRegressed: 0,
    verification: null,
    notes: [],
    actions: [],
    history: [
      {
        at: january,
        by: 'gateway',
        what: 'opened',
        from: null,
        to: 'open',
        note: '',
        since: january - 4 * MINUTE_MS,
      },
    ],
  } as unknown as Finding;
  const goesOn = (to: FindingState, at: number, since?: number): void => {
    const by = to === 'acknowledged' ? 'ada' : 'gateway';
    finding = moved(finding, to, { at, by, what: to, ...(since !== undefined && { since }) });
  };
  goesOn('acknowledged', january + 10 * MINUTE_MS);
  goesOn('verifying', january + 15 * MINUTE_MS);
  goesOn('resolved', january + 20 * MINUTE_MS);
  finding = { ...finding, ...detected(march - 2 * MINUTE_MS) };
  goesOn('regressed', march, march - 2 * MINUTE_MS);
  const kpis = (at: number) => {
    const queries = {
      figures: async () => ({ p95: null }),
      objectives: async () => [],
      rates: async () => [],
    };
    const sources = { findings: [finding], reports: [], engine: { queries } as never, users: undefined };
    return kpisOf(sources, at - HOUR_MS, at + 24 * HOUR_MS);
  };
  const minutes = async (at: number) => {
    const { meanTimeToDetect, meanTimeToAcknowledge, meanTimeToResolve } = await kpis(at);
    return [meanTimeToDetect, meanTimeToAcknowledge, meanTimeToResolve].map(
      (time) => time && time / MINUTE_MS,
    );
  };
  expect(await minutes(january)).toEqual([4, 10, 20]);
  expect(await minutes(march)).toEqual([2, null, null]);
  goesOn('verifying', march + 30 * MINUTE_MS);
  goesOn('resolved', march + 60 * MINUTE_MS);
  expect(await minutes(march)).toEqual([2, null, 60]);
  expect(await minutes(january)).toEqual([4, 10, 20]);
  expect(entryOf(finding).minutesToResolve).toBe(60);

  // Entries of earlier versions don't say when it began: the finding does, of its last episode.
  finding = { ...finding, history: finding.history.map(({ since: _, ...entry }) => entry) };
  expect(await minutes(march)).toEqual([2, null, 60]);
  expect(await minutes(january)).toEqual([null, 10, 20]);
});
