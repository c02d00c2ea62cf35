// The only composition root: everything that lives as long as the process is made here and handed to who needs it.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import { buildAdmin } from './admin/app.ts';
import { Audit } from './admin/audit.ts';
import { Accounts } from './ai/budgets/accounts.ts';
import { BudgetMeters } from './ai/budgets/meters.ts';
import { InputDrift } from './ai/drift/input-drift.ts';
import { openTokenCounter } from './ai/tokens/counter.ts';
import { type LoadedConfig, loadConfig, type PolicySchemas } from './config/load.ts';
import { Revisions } from './config/revisions.ts';
import type { PolicyDescriptor } from './contracts/policy.ts';
import { Leases } from './lib/leases.ts';
import { meterAnswers } from './record/cache-meters.ts';
import { Changes } from './record/changes.ts';
import { type LedgerLimits, LedgerWriter } from './record/ledger-writer.ts';
import { Meters } from './record/meters.ts';
import { Recorder } from './record/recorder.ts';
import { meterUpstreams } from './record/upstream-meters.ts';
import { parseAddress, urlOf } from './server/address.ts';
import { planGeneration } from './server/build-plan.ts';
import { CertificateWatch } from './server/certificate-watch.ts';
import { Listener } from './server/listener.ts';
import { loadPolicies, type PolicyDescriptors } from './server/policies.ts';
import { Pressure } from './server/pressure.ts';
import { Readiness } from './server/readiness.ts';
import { Reload } from './server/reload.ts';
import type { Running } from './server/route-gate.ts';
import { ServedFile } from './server/served-file.ts';
import { Answers } from './stores/answers/index.ts';
import { describeStoreUrl, openStore, type StoreEvent } from './stores/index.ts';
import { type LogSink, openLog } from './telemetry/logger.ts';
import { openMetrics } from './telemetry/metrics.ts';
import type { Resolve } from './upstream/addresses.ts';
import { Fleet } from './upstream/fleet.ts';
import { UpstreamRegistry } from './upstream/registry.ts';

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
  /** Policies beside those that ship with the gateway. */
  policies?: readonly PolicyDescriptor<unknown>[];
}

/** A gateway that serves. */
export interface Gateway {
  /** `http://host:port` (with TLS `https://…`) of the public and of the admin listener. */
  readonly url: string;
  readonly adminUrl: string;
  /** What serves now. */
  readonly loaded: LoadedConfig;
  /** Reads the file and applies it. False: it was refused, the log says why, and what served goes on serving. */
  reload(): Promise<boolean>;
  /** Unready, accept nothing new, finish what runs, flush. Returns how many requests had to be cut off. */
  close(): Promise<number>;
}

const isDown = (): boolean => false;

/** The schemas of the policies that are built, for whoever loads a config. */
export async function policySchemas(): Promise<PolicySchemas> {
  return schemasOf(await loadPolicies());
}

function schemasOf(descriptors: PolicyDescriptors): PolicySchemas {
  return Object.fromEntries(
    [...descriptors].map(([name, { schema, slot, on, check }]) => [
      name,
      {
        schema,
        slot,
        ...(on ? { on } : {}),
        ...(check ? { check: check as (settings: never) => string | undefined } : {}),
      },
    ]),
  );
}

/**
 * @throws ConfigError if the file is refused; an Error if a listener's address is taken or the store can't be opened
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { env } = options;
  const file = resolve(options.file);
  const descriptors = await loadPolicies(options.policies);
  const policies = schemasOf(descriptors);
  const loaded = loadConfig({ file, env, policies });
  const { server, admin: adminConfig, store: storeConfig, log: logConfig } = loaded.config;

  const sink = options.log ?? openLog(logConfig.level);
  const log = sink.logger;
  const metrics = openMetrics({ process: options.processMetrics ?? true });
  const meters = new Meters(metrics);
  const recorder = new Recorder(meters, sink);
  const changes = new Changes(log, meters);
  const clock = { wall: options.now ?? Date.now, monotonic: () => performance.now() };
  const store = await openStore(storeConfig.url, {
    onEvent: onStoreEvent,
    now: clock.wall,
    commandTimeoutMs: storeConfig.timeout,
  });
  const revisions = new Revisions(store.documents);
  const fleet = new Fleet({
    onChange: changes.record,
    resolve: options.resolve,
    onResolveFailure: (hostname, error) =>
      log.warn(
        { hostname, err: error },
        'a name can’t be resolved again: its last addresses go on being used',
      ),
  });
  const registry = new UpstreamRegistry(changes.record);
  meterUpstreams(metrics, registry);
  const tokens = openTokenCounter();
  const accounts = new Accounts({
    budgets: store.budgets,
    log,
    meters: new BudgetMeters(meters),
    onChange: changes.record,
    clock,
  });
  const ledger = new LedgerWriter({
    ledger: store.ledger,
    log,
    meters,
    limits: (): LedgerLimits => {
      const { keep, maxRows } = served.loaded.config.ai.ledger;
      // Beside everything else that lives in memory: 25 MB.
      return { keep, maxRows: store.name === 'memory:' ? Math.min(maxRows, 50_000) : maxRows };
    },
    now: clock.wall,
  });
  const readiness = new Readiness();

  const listener = new Listener({
    headersTimeoutMs: server.timeouts.headers,
    requestTimeoutMs: server.timeouts.request,
    maxHeaderBytes: server.limits.header,
    maxStreams: server.limits.streams,
    tls: server.tls,
    isHttp2: server.http2 ?? server.tls !== undefined,
    recorder,
    probe: (path) => readiness.probe(path),
    clock,
    onFault: (error) => log.error({ err: error }, 'a connection was cut off by a fault of the gateway'),
  });
  const pressure = new Pressure({ inFlight: () => listener.inFlight, onChange: changes.record });
  const answers = new Answers(store.documents, server.limits.cache);
  meterAnswers(metrics, answers);
  const ports = {
    fleet,
    answers,
    now: clock.wall,
    registry,
    counters: store.counters,
    meters,
    log,
    descriptors,
    pressure,
    running: new Leases<Running>(() => undefined),
    ai: { fleet, tokens, accounts, ledger, drift: new InputDrift(metrics), log, clock },
  };
  const certificates = new CertificateWatch({ onChange: changes.record, now: clock.wall });
  const reload = new Reload({
    listener,
    meters,
    log,
    onChange: changes.record,
    certificates,
    plan: (config) => planGeneration(config, ports),
  });
  const served = new ServedFile(loaded, { file, env, policies, revisions, reload, meters, log });
  const audit = new Audit(store.documents, log);
  const startedAt = Date.now();
  const admin = buildAdmin({
    version: packageJson.version,
    metrics,
    probe: (path) => readiness.probe(path),
    log,
    audit,
    changes,
    cache: answers,
    served,
    revisions,
    upstreams: registry,
    ledger: store.ledger,
    flushLedger: () => ledger.flush(),
    now: clock.wall,
    slots: new Map([...descriptors].map(([name, { slot }]) => [name, slot])),
    status: async () => ({
      version: packageJson.version,
      node: process.version,
      startedAt,
      isReady: readiness.isReady,
      requestsInFlight: listener.inFlight,
      generations: reload.generations,
      store: { name: store.name, isUp: await store.ping().then(() => true, isDown) },
    }),
  });

  function onStoreEvent({ kind, error }: StoreEvent): void {
    const name = describeStoreUrl(storeConfig.url);
    if (kind === 'down') {
      log.error({ err: error, store: name }, 'the store does not answer');
      return;
    }
    log.info({ store: name }, 'the store answers again');
    audit
      .flush()
      .catch((failure: unknown) =>
        log.warn({ err: failure }, 'audit entries made meanwhile are still in memory only'),
      );
    revisions.flush().then(
      (number) => number !== undefined && reload.renumber(number),
      (failure: unknown) => log.warn({ err: failure }, 'revisions made meanwhile are still in memory only'),
    );
  }

  async function close(): Promise<number> {
    const { unready, drain } = served.loaded.config.server.timeouts;
    const wasReady = readiness.isReady;
    readiness.isReady = false;
    await served.close();
    // Time for load balancers to see it and send nothing more.
    if (wasReady && unready > 0) await sleep(unready);
    const cut = await listener.drain(drain);
    pressure.close();
    await reload.close();
    certificates.close();
    await recorder.settled();
    await admin.close();
    await tokens.close();
    await accounts.close();
    await ledger.close();
    await fleet.destroy();
    await store.close();
    log.info({ cut }, 'stopped');
    await sink.close();
    return cut;
  }

  try {
    await served.start();
    const adminUrl = await admin.listen(parseAddress(adminConfig.listen));
    const address = await listener.listen(parseAddress(server.listen));
    const url = urlOf(address, server.tls ? 'https' : 'http');
    readiness.isReady = true;
    if (options.watch ?? true) await served.watch();
    log.info({ url, admin: adminUrl, open_routes: served.loaded.openRoutes }, 'listening');
    let closing: Promise<number> | undefined;
    return {
      url,
      adminUrl,
      get loaded() {
        return served.loaded;
      },
      reload: () => served.reload(),
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
