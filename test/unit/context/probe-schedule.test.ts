import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { GatewayConfig } from '../../../src/config/schema/index.ts';
import { MindMeters } from '../../../src/context/measures/meters.ts';
import { brokenScripts, configuredProbes } from '../../../src/context/probes/configured.ts';
import { ProbeStates } from '../../../src/context/probes/probe-states.ts';
import { type ProbeReport, reportOf } from '../../../src/context/probes/report.ts';
import { ProbeSchedule, type ScheduledProbe } from '../../../src/context/probes/schedule.ts';
import { type ProbeScript, readProbe } from '../../../src/context/probes/script.ts';
import { startModelService } from '../../../src/demo/model-service.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { backend } from '../../helpers/backend.ts';
import { eventually } from '../../helpers/gateway.ts';

const script = readProbe(
  'name: x\nsteps: [{ say: "My order number is OR-1234.", plant: { order: OR-1234 } }, { ask: "What is my order number?", expect: order }]',
  'x',
);

const log = openLog('silent', { write: () => undefined }).logger;

const OWN = { url: 'http://127.0.0.1', adminUrl: 'http://127.0.0.1' };
const configOf = (context: object): GatewayConfig =>
  ({ admin: { token: '', tokens: [] }, ai: { prefix: '/v1' }, context }) as unknown as GatewayConfig;

interface Scheduled {
  apiKeys?: readonly string[];
  service?: string;
  of?: ProbeScript;
}

async function schedules(
  count: number,
  now: () => number,
  { apiKeys = ['key'], service = '', of = script }: Scheduled = {},
) {
  // A model that nobody keeps context for: it answers from what it is sent, and forgets at once.
  const model = await startModelService({ port: 0, name: 'm', apiKey: 'key' });
  onTestFinished(() => model.close());
  const store = await openStore('memory:', { commandTimeoutMs: 1000 });
  const metrics = openMetrics({ process: false });
  const meters = new MindMeters(metrics);
  const reports: ProbeReport[] = [];
  const lines: Record<string, unknown>[] = [];
  const { logger } = openLog('info', { write: (line) => lines.push(JSON.parse(line)) });
  let probes: readonly ScheduledProbe[] = apiKeys.map((apiKey, place) => ({
    name: place === 0 ? 'x' : 'x#2',
    place,
    script: of,
    model: 'gpt-4o-mini',
    every: '*/15 * * * *',
    timezone: 'UTC',
    apiKey,
    url: service || `${model.url}/v1`,
  }));
  const all = Array.from(
    { length: count },
    () =>
      new ProbeSchedule({
        probes: () => probes,
        documents: store.documents,
        meters,
        log: logger,
        clock: { wall: now, monotonic: () => 0 },
        onReport: (report) => reports.push(report),
      }),
  );
  const [probe] = probes as readonly [ScheduledProbe, ...ScheduledProbe[]];
  const put = (next: readonly ScheduledProbe[]): void => {
    probes = next;
  };
  return { all, reports, metrics, lines, probe, put };
}

test('a probe runs when it is due, once among all replicas, and a model without context is found out', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, reports, metrics } = await schedules(3, () => now);
  const look = async (): Promise<void> => {
    await Promise.all(all.map((schedule) => schedule.look()));
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
  expect(text).toContain(
    'gateway_context_probe_recall_ratio{probe="x",model="gpt-4o-mini",distance="all"} 0',
  );
});

test('a probe whose steps can’t all be done on a schedule does not say that it passed, and tells which once', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const of = readProbe('name: x\nsteps: [{ say: "Hello." }, { reload: true }, { hook: restart }]', 'x');
  const { all, reports, metrics, lines } = await schedules(1, () => now, { of });
  const told: unknown[] = [];
  const states = new ProbeStates(({ to, reason }) => told.push([to, reason]));
  for (const minute of [15, 30]) {
    now = Date.UTC(2026, 10, 28, 12, minute);
    await all[0]?.look();
  }
  for (const report of reports) states.take(report);
  expect(reports).toMatchObject([
    { outcome: 'partial', skipped: [2, 3], faults: [] },
    { outcome: 'partial' },
  ]);
  expect(told).toEqual([['partial', 'nothing was asked; not done here: steps 2, 3']]);
  const ran = lines.filter(({ msg }) => msg === 'a context probe was run');
  expect(ran).toHaveLength(2);
  // It is as its script has it each time, and nothing to be warned of anew.
  expect(ran[0]).toMatchObject({ level: 'info', outcome: 'partial', skipped: [2, 3] });
  expect(await metrics.metrics()).toContain(
    'gateway_context_probe_runs_total{probe="x",outcome="partial"} 2',
  );
});

test('one script is run for each consumer and service that the config has it for', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, reports, metrics } = await schedules(2, () => now, { apiKeys: ['key', 'of another'] });
  now = Date.UTC(2026, 10, 28, 12, 15, 1);
  await Promise.all(all.map((schedule) => schedule.look()));
  expect(reports.map(({ probe, outcome }) => `${probe}: ${outcome}`).sort()).toEqual([
    'x#2: broken',
    'x: forgot',
  ]);
  const text = await metrics.metrics();
  expect(text).toContain('gateway_context_probe_runs_total{probe="x#2",outcome="broken"} 1');
});

test('what a probe got back is shown for as long as it is so, and where it was run', async () => {
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, metrics, probe, put } = await schedules(2, () => now);
  const [here, elsewhere] = all as [ProbeSchedule, ProbeSchedule];
  const isShown = async (hour: number, schedule = here): Promise<boolean> => {
    now = Date.UTC(2026, 10, 28, hour, 0, 1);
    await schedule.look();
    return (await metrics.metrics()).includes('gateway_context_probe_recall_ratio{');
  };
  expect(await isShown(13)).toBe(true);
  put([{ ...probe, apiKey: 'of nobody' }]);
  expect(await isShown(14)).toBe(false);
  put([probe]);
  expect(await isShown(15)).toBe(true);
  put([{ ...probe, script: undefined }]);
  expect(await isShown(16)).toBe(false);
  put([probe]);
  expect(await isShown(17)).toBe(true);
  put([]);
  expect(await isShown(18)).toBe(false);
  await elsewhere.look();
  put([probe]);
  expect(await isShown(19, elsewhere)).toBe(true);
  expect(await isShown(19)).toBe(false);
  expect(await metrics.metrics()).toContain(
    'gateway_context_probe_runs_total{probe="x",outcome="not_run"} 1',
  );
});

test('a probe whose script can’t be read is counted each time that it should have run', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'probes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'none.yaml'), 'name: [');
  const probe = { model: 'smart', every: '*/15 * * * *', timezone: 'UTC', apiKey: 'a' };
  const context = {
    probes: [
      { ...probe, file: 'gone.yaml' },
      { ...probe, file: 'none.yaml' },
    ],
  };
  const config = configOf(context);
  const file = join(dir, 'gateway.yaml');
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, metrics, put } = await schedules(1, () => now);
  put(configuredProbes({ config: () => config, file, own: OWN, log })());
  for (const minute of [15, 30]) {
    now = Date.UTC(2026, 10, 28, 12, minute);
    await all[0]?.look();
  }
  const text = await metrics.metrics();
  for (const name of ['gone', 'none'])
    expect(text).toContain(`gateway_context_probe_runs_total{probe="${name}",outcome="not_run"} 2`);
  expect(brokenScripts(config, file)).toEqual([
    `${file}  context.probes[0].file: ${join(dir, 'gone.yaml')} can't be read: there is no such file`,
    expect.stringContaining(`${file}  context.probes[1].file: ${join(dir, 'none.yaml')}:1: `),
  ]);
});

test('probes of one script and model have names of their own, and one of them does not end what another has told', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'probes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'x.yaml'), 'name: x\nsteps: [{ say: "Hello." }]');
  const probe = { file: 'x.yaml', model: 'smart', every: '* * * * *', apiKey: 'a' };
  const context = { probes: [probe, { ...probe, apiKey: 'b' }, { ...probe, model: 'quick' }] };
  const config = configOf(context);
  const file = join(dir, 'gateway.yaml');
  const probes = configuredProbes({ config: () => config, file, own: OWN, log });
  expect(probes().map(({ model, name }) => `${model} ${name}`)).toEqual(['smart x', 'smart x#2', 'quick x']);
  const told: string[] = [];
  const states = new ProbeStates(({ subject, from, to }) => told.push(`${subject}: ${from} ${to}`));
  const ran = (at: number, outcome: ProbeReport['outcome']) => {
    const { name, model } = probes()[at] as ScheduledProbe;
    const run = { model, at: 0, durationMs: 0, turns: 1, statuses: {}, answers: [], faults: [], skipped: [] };
    states.take({ ...reportOf(script, { ...run, isBroken: false }), probe: name, outcome });
  };
  for (let round = 0; round < 3; round++) {
    ran(0, 'forgot');
    ran(1, 'passed');
  }
  ran(0, 'passed');
  // Who has not run it before may be the one to tell that it is over.
  expect(told).toEqual(['smart x:  forgot', 'smart x#2:  passed', 'smart x: forgot passed']);
});

test('a gateway that stops waits for no probe: it ends where it is, says nothing, and the next does not begin', async () => {
  let asked = 0;
  let came: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    came = resolve;
  });
  const silent = await backend(() => {
    asked++;
    came();
  });
  let now = Date.UTC(2026, 10, 28, 12, 1);
  const { all, reports, metrics } = await schedules(1, () => now, {
    apiKeys: ['key', 'of another'],
    service: silent.url,
  });
  now = Date.UTC(2026, 10, 28, 12, 15, 1);
  const looking = all[0]?.look();
  await first;
  await all[0]?.close();
  await looking;
  expect(asked).toBe(1);
  expect(reports).toEqual([]);
  expect(await metrics.metrics()).not.toContain('gateway_context_probe_runs_total{');
});
