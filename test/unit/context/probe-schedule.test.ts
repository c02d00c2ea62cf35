import { expect, onTestFinished, test } from 'vitest';
import { MindMeters } from '../../../src/context/measures/meters.ts';
import type { ProbeReport } from '../../../src/context/probes/report.ts';
import { ProbeSchedule, type ScheduledProbe } from '../../../src/context/probes/schedule.ts';
import { readProbe } from '../../../src/context/probes/script.ts';
import { startModelService } from '../../../src/demo/model-service.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { eventually } from '../../helpers/gateway.ts';

const script = readProbe(
  'name: x\nsteps: [{ say: "My order number is OR-1234.", plant: { order: OR-1234 } }, { ask: "What is my order number?", expect: order }]',
  'x',
);

async function schedules(count: number, now: () => number, apiKeys = ['key']) {
  // A model that nobody keeps context for: it answers from what it is sent, and forgets at once.
  const model = await startModelService({ port: 0, name: 'm', apiKey: 'key' });
  onTestFinished(() => model.close());
  const store = await openStore('memory:', { commandTimeoutMs: 1000 });
  const metrics = openMetrics({ process: false });
  const meters = new MindMeters(metrics);
  const reports: ProbeReport[] = [];
  const probes = apiKeys.map(
    (apiKey, place): ScheduledProbe => ({
      place,
      script,
      model: 'gpt-4o-mini',
      every: '*/15 * * * *',
      timezone: 'UTC',
      apiKey,
      url: `${model.url}/v1`,
    }),
  );
  const log = openLog('silent', { write: () => undefined }).logger;
  const all = Array.from(
    { length: count },
    () =>
      new ProbeSchedule({
        probes: () => probes,
        documents: store.documents,
        meters,
        log,
        clock: { wall: now, monotonic: () => 0 },
        onReport: (report) => reports.push(report),
      }),
  );
  return { all, reports, metrics };
}

test('a probe runs when it is due, once among all replicas, and a model without context is found out', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, reports, metrics } = await schedules(3, () => now);
  const look = async (): Promise<void> => {
    for (const schedule of all) schedule.look();
    await Promise.all(all.map((schedule) => schedule.close()));
  };
  await look();
  expect(reports).toEqual([]);
  now = Date.UTC(2026, 10, 28, 12, 15, 1);
  await look();
  expect(reports).toMatchObject([{ probe: 'x', outcome: 'forgot', recall: 0, turns: 2 }]);
  await look();
  expect(reports).toHaveLength(1);
  now = Date.UTC(2026, 10, 28, 12, 30);
  await look();
  expect(await eventually(() => reports.length === 2)).toBe(true);
  const text = await metrics.metrics();
  expect(text).toContain('gateway_context_probe_runs_total{probe="x",outcome="forgot"} 2');
  expect(text).toContain('gateway_context_probe_recall_ratio{probe="x",distance="all"} 0');
});

test('one script is run for each consumer and service that the config has it for', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, reports } = await schedules(2, () => now, ['key', 'of another']);
  now = Date.UTC(2026, 10, 28, 12, 15, 1);
  for (const schedule of all) schedule.look();
  await Promise.all(all.map((schedule) => schedule.close()));
  expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['broken', 'forgot']);
});
