// The only composition root: everything that lives as long as the process is made here and handed to who needs it.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import { buildAdmin } from './admin/app.ts';
import { Audit } from './admin/audit.ts';
import { openCarriers } from './carriers.ts';
import { deskHere } from './config/desk.ts';
import { configJsonSchema } from './config/json-schema.ts';
import { type LoadedConfig, loadConfig, type PolicySchemas } from './config/load.ts';
import { Revisions } from './config/revisions.ts';
import { sharingRoutes } from './config/sharing-routes.ts';
import { serveConsole } from './console/serve.ts';
import { configuredProbes } from './context/probes/configured.ts';
import { ProbeStates } from './context/probes/probe-states.ts';
import { ProbeSchedule } from './context/probes/schedule.ts';
import type { Engine, Ticks } from './contracts/engine.ts';
import type { PolicyDescriptor } from './contracts/policy.ts';
import { Care } from './hypercare/care.ts';
import { openEngine } from './hypercare/engine/attach.ts';
import { engineOff } from './hypercare/engine-off.ts';
import { parseAddress, urlOf } from './server/address.ts';
import { configPort, livePort } from './server/care-ports.ts';
import { openConfigDesk } from './server/config-desk.ts';
import { loadPolicies, schemasOf } from './server/policies.ts';
import { ServedFile } from './server/served-file.ts';
import { type LogSink, openLog } from './telemetry/logger.ts';
import type { MetricExport } from './telemetry/metric-export.ts';
import type { Resolve } from './upstream/addresses.ts';

export interface GatewayOptions {
  /** Path of the configuration file. */
  file: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Where log lines go; standard output if absent. */
  log?: LogSink;
  /** Whether saving the file applies it; default yes. */
  watch?: boolean;
  /** Finds the addresses of upstreams' names; the system's way if absent. */
  resolve?: Resolve;
  /** Wall clock, milliseconds since the epoch; `Date.now` if absent. Redis keeps its own time. */
  now?: () => number;
  /** Whether the process's own figures (memory, event loop) are among the metrics; default yes. */
  processMetrics?: boolean;
  /** Policies beside those that ship with the gateway: only with `server.workers: 1`. */
  policies?: readonly PolicyDescriptor<unknown>[];
  /** What tells of the traffic in place of the engine that watches it. */
  engine?: Engine;
  /** Whether the ticks of hypercare pass by a timer, or when `Gateway.tick` is called; default the timer. */
  ticks?: Ticks;
}

/** A gateway that serves. */
export interface Gateway {
  /** `http://host:port` (with TLS `https://…`) of the public and of the admin listener. */
  readonly url: string;
  readonly adminUrl: string;
  /** What serves now. */
  readonly loaded: LoadedConfig;
  /** The half of hypercare that looks; undefined: `hypercare.enabled` is false. */
  readonly engine: Engine | undefined;
  /**
   * Reads the file and applies it. False: it was refused, the log says why, and what served goes on serving; or the gateway
   * stops.
   */
  reload(): Promise<boolean>;
  /** Ends a tick of hypercare now, where ticks are manual: resolves when what was found is recorded. */
  tick(): Promise<void>;
  /** Unready, accept nothing new, finish what runs, flush. Returns how many requests had to be cut off. */
  close(): Promise<number>;
}

const isDown = (): boolean => false;

/** The schemas of the policies that are built, for whoever loads a config. */
export async function policySchemas(): Promise<PolicySchemas> {
  return schemasOf(await loadPolicies());
}

/**
 * @throws ConfigError if the file is refused; PolicyRefused if a policy can't be made, or not for every worker; an Error if a
 * listener's address is taken or the store can't be opened
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { env } = options;
  const file = resolve(options.file);
  const descriptors = await loadPolicies(options.policies);
  const policies = schemasOf(descriptors);
  const loaded = loadConfig({ file, env, policies });
  const { server, admin: adminConfig, log: logConfig } = loaded.config;

  const sink = options.log ?? openLog(logConfig.level);
  const log = sink.logger;
  const carriers = await openCarriers({ ...options, config: loaded.config, descriptors, sink, onStoreUp });
  const { plane } = carriers;
  const { store, meters, changes, readiness, reload } = plane;
  const engine = openEngine(loaded.config, {
    log,
    metrics: plane.metrics,
    changes,
    signals: plane.signals,
    // An SQLite file belongs to one gateway; what is in Redis may belong to many.
    logs: loaded.config.store.url.startsWith('redis') ? store.logs : undefined,
    now: plane.now,
    ticks: options.ticks ?? 'timer',
    onMemory: (memory) => care.remember(memory),
    config: () => reload.config ?? loaded.config,
  });
  carriers.watch(engine);
  readiness.remarks = () =>
    engine && engine.status.state !== 'running' ? [`hypercare engine: ${engine.status.state}`] : [];
  // A thread loads the policies that ship by their names; others it can't have.
  const desk = options.policies ? deskHere(policies) : openConfigDesk(policies);
  const revisions = new Revisions(store.documents, desk);
  const served = new ServedFile(loaded, { file, env, desk, revisions, reload, meters, log });
  const audit = new Audit(store.documents, sink);
  const watching = options.engine ?? engine ?? engineOff();
  const care = new Care({
    documents: store.documents,
    engine: watching,
    config: configPort(served, revisions),
    live: livePort(plane.registry, carriers, () => sharingRoutes(served.loaded.config)),
    log,
    metrics: plane.metrics,
    outbound: plane.outbound,
    now: plane.now,
  });
  const startedAt = Date.now();
  const own = { url: '', adminUrl: '' };
  const probeStates = new ProbeStates(changes.record);
  const probes = new ProbeSchedule({
    probes: configuredProbes({ config: () => served.loaded.config, file, own, log }),
    documents: store.documents,
    meters: plane.mindMeters,
    log,
    clock: { wall: plane.now, monotonic: () => performance.now() },
    onReport: (report) => probeStates.take(report),
  });
  const admin = buildAdmin({
    version: packageJson.version,
    metrics: carriers.metrics,
    probe: (path) => readiness.probe(path),
    log,
    audit,
    changes,
    cache: carriers,
    served,
    revisions,
    desk,
    care,
    engine: watching,
    upstreams: plane.registry,
    loads: () => carriers.loads(),
    ledger: store.ledger,
    budgets: store.budgets,
    conversations: plane.conversations,
    documents: store.documents,
    mcp: plane.mcp,
    flushLedger: () => carriers.flushLedger(),
    now: plane.now,
    slots: new Map([...descriptors].map(([name, { slot }]) => [name, slot])),
    configSchema: () => JSON.stringify(configJsonSchema(policies)),
    status: async () => ({
      version: packageJson.version,
      node: process.version,
      startedAt,
      isReady: readiness.isReady,
      ...(await carriers.status()),
      store: { name: store.name, isUp: await store.ping().then(() => true, isDown) },
    }),
  });

  serveConsole(admin);
  let metricExport: MetricExport | undefined;
  async function exportMetrics(): Promise<MetricExport | undefined> {
    const { otlp } = loaded.config.telemetry;
    if (otlp.endpoint === '' || !otlp.metrics) return undefined;
    // The protocol's package is only paid for where it is used.
    const { openMetricExport } = await import('./telemetry/metric-export.ts');
    return openMetricExport(
      {
        endpoint: otlp.endpoint,
        headers: otlp.credentials,
        service: otlp.service,
        version: packageJson.version,
        intervalMs: otlp.interval,
        lookup: plane.outbound.lookup,
        log,
      },
      carriers.metrics,
    );
  }

  function onStoreUp(): void {
    audit
      .flush()
      .catch((failure: unknown) =>
        log.warn({ err: failure }, 'audit entries made meanwhile are still in memory only'),
      );
    revisions.flush().then(
      (number) => number !== undefined && carriers.renumber(number),
      (failure: unknown) => log.warn({ err: failure }, 'revisions made meanwhile are still in memory only'),
    );
  }

  /** What works beside the requests begins nothing new. Resolves when what it had begun is over. */
  async function rest(): Promise<void> {
    await probes.close();
    await care.stop();
    await served.close();
    await desk.close();
  }

  async function drainCarriers(): Promise<number> {
    const { unready, drain } = served.loaded.config.server.timeouts;
    const wasReady = readiness.isReady;
    carriers.unready();
    // Time for load balancers to see it and send nothing more.
    if (wasReady && unready > 0) await sleep(unready);
    return carriers.drain(drain);
  }

  async function close(): Promise<number> {
    // A revision that is being built or a channel that hangs is nothing that the requests' end waits for.
    const [cut] = await Promise.all([drainCarriers(), rest()]);
    await metricExport?.close();
    await admin.close();
    await engine?.stop();
    await plane.close();
    log.info({ cut }, 'stopped');
    await sink.close();
    return cut;
  }

  try {
    metricExport = await exportMetrics();
    engine?.resume(await care.open(), await care.recall());
    await engine?.start();
    await served.start();
    await care.start();
    const adminUrl = await admin.listen(parseAddress(adminConfig.listen));
    const address = await carriers.listen();
    const url = urlOf(address, server.tls ? 'https' : 'http');
    Object.assign(own, { url, adminUrl });
    probes.start();
    if (options.watch ?? true) await served.watch();
    log.info({ url, admin: adminUrl, open_routes: served.loaded.openRoutes }, 'listening');
    let closing: Promise<number> | undefined;
    return {
      url,
      adminUrl,
      engine,
      get loaded() {
        return served.loaded;
      },
      reload: async () => closing === undefined && served.reload(),
      tick: async () => {
        await engine?.tick(plane.now());
        void probes.look();
        await care.beat();
      },
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
