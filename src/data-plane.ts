// What carries requests in one process, and lives as long as it: the store, upstreams, the listener, and what they record.

import packageJson from '../package.json' with { type: 'json' };
import { Accounts } from './ai/budgets/accounts.ts';
import { BudgetMeters } from './ai/budgets/meters.ts';
import { KeptAnswers } from './ai/cache/kept-answers.ts';
import { InputDrift } from './ai/drift/input-drift.ts';
import { ModelStates } from './ai/models/states.ts';
import { Shadows } from './ai/shadow/shadows.ts';
import { openTokenCounter } from './ai/tokens/counter.ts';
import { configuredNames } from './config/configured-names.ts';
import type { GatewayConfig } from './config/schema/index.ts';
import { Conversations } from './context/conversations.ts';
import { MindMeters } from './context/measures/meters.ts';
import { ContextMeters } from './context/meters.ts';
import { Mind } from './context/mind.ts';
import { OperationLog } from './context/operation-log.ts';
import { KeyUpkeep, openPrivacy } from './context/privacy/index.ts';
import type { AddressChange } from './contracts/cache.ts';
import type { Exchange } from './contracts/exchange.ts';
import type { OnStateChange } from './contracts/state-change.ts';
import type { Counters, Store } from './contracts/store.ts';
import { sourcesOf } from './hypercare/engine/settings-of.ts';
import { AddressRules } from './lib/address-rules.ts';
import { Leases } from './lib/leases.ts';
import type { Share } from './lib/share.ts';
import { openMcp } from './mcp/open.ts';
import type { McpPorts } from './mcp/ports.ts';
import { meterAnswers } from './record/cache-meters.ts';
import { Changes } from './record/changes.ts';
import { type LedgerLimits, LedgerWriter } from './record/ledger-writer.ts';
import { Meters } from './record/meters.ts';
import { Recorder } from './record/recorder.ts';
import { SignalTap } from './record/signals/signal-tap.ts';
import { traceRequests } from './record/trace-requests.ts';
import { meterUpstreams } from './record/upstream-meters.ts';
import { planGeneration } from './server/build-plan.ts';
import { CertificateWatch } from './server/certificate-watch.ts';
import { Listener } from './server/listener.ts';
import type { PolicyDescriptors } from './server/policies.ts';
import { Pressure } from './server/pressure.ts';
import { Readiness } from './server/readiness.ts';
import { type Prepared, Reload } from './server/reload.ts';
import type { Running } from './server/route-gate.ts';
import { SharedSchemas } from './server/shared-schemas.ts';
import { Answers } from './stores/answers/index.ts';
import { describeStoreUrl, openStore, type StoreEvent } from './stores/index.ts';
import type { LogSink } from './telemetry/logger.ts';
import { openMetrics, type Registry } from './telemetry/metrics.ts';
import type { Resolve } from './upstream/addresses.ts';
import type { Agreement } from './upstream/agreement.ts';
import { Fleet } from './upstream/fleet.ts';
import { type Outbound, openOutbound } from './upstream/outbound.ts';
import { UpstreamRegistry } from './upstream/registry.ts';
import { systemResolve } from './upstream/system-names.ts';

export interface DataPlaneOptions {
  /** What the process was started with: of what belongs to it, nothing else counts until the next start. */
  config: GatewayConfig;
  descriptors: PolicyDescriptors;
  sink: LogSink;
  /** Finds the addresses of upstreams' names; the system's way if absent. */
  resolve?: Resolve | undefined;
  /** Wall clock, milliseconds since the epoch; `Date.now` if absent. Redis keeps its own time. */
  now?: (() => number) | undefined;
  /** Whether the process's own figures (memory, event loop) are among the metrics; default yes. */
  processMetrics?: boolean | undefined;
  /** Called when the store answers again. */
  onStoreUp?(): void;
  /** The processes that carry the same traffic; absent: this is the only one. */
  shared?: SharedWork | undefined;
}

/** What a process that shares its work with others asks and tells them. */
export interface SharedWork {
  agreement: Agreement;
  /** Counters of all of them, where the store itself counts in its process only. */
  counters?: Counters;
  /** Where changes of state go; absent: they are recorded here. */
  onChange?: OnStateChange;
  prepareElsewhere?(config: GatewayConfig): Promise<Prepared>;
  /** Tells the others that answers in their memory are wrong; resolves when they know. */
  outdated?(change: AddressChange): Promise<void>;
  /** Which of those that share what a limit of concurrency allows. */
  share: Share;
}

/** What carries requests in this process. */
export interface DataPlane {
  readonly store: Store;
  readonly metrics: Registry;
  readonly meters: Meters;
  readonly changes: Changes;
  readonly fleet: Fleet;
  readonly outbound: Outbound;
  readonly registry: UpstreamRegistry;
  readonly answers: Answers;
  readonly mindMeters: MindMeters;
  readonly mind: Mind;
  readonly ledger: LedgerWriter;
  /** What the hypercare engine is told of each request: nothing until it is connected. */
  readonly signals: SignalTap;
  readonly mcp: McpPorts;
  readonly listener: Listener;
  readonly conversations: Conversations;
  readonly reload: Reload;
  readonly readiness: Readiness;
  readonly now: () => number;
  /** Accepts nothing new and finishes what runs. Returns how many requests had to be cut off. */
  drain(timeoutMs: number): Promise<number>;
  /** Writes out what was recorded and lets go of everything but the log. Nothing runs any more. */
  close(): Promise<void>;
}

/** @throws an Error if the store can't be opened */
export async function openDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { config, sink, shared } = options;
  const { server, store: storeConfig } = config;
  const log = sink.logger;
  const metrics = openMetrics({ process: options.processMetrics ?? true });
  const meters = new Meters(metrics);
  meters.use(configuredNames(config));
  const rules = new AddressRules(server.outbound);
  const outbound = openOutbound(rules, options.resolve ?? systemResolve);
  const tracing = await traceRequests(config, {
    version: packageJson.version,
    log,
    lookup: outbound.lookup,
  });
  const signals = new SignalTap(sourcesOf(config));
  const recorder = new Recorder(meters, sink, [
    (exchange) => signals.record(exchange),
    ...(tracing ? [tracing.onExchange] : []),
  ]);
  const changes = new Changes(log, meters);
  const onChange = shared?.onChange ?? (shared ? changes.recordNews : changes.record);
  const clock = { wall: options.now ?? Date.now, monotonic: () => performance.now() };
  const store = await openStore(storeConfig.url, {
    onEvent: onStoreEvent,
    now: clock.wall,
    commandTimeoutMs: storeConfig.timeout,
    replicas: storeConfig.replicas,
    sync: storeConfig.sync,
    ...(shared?.counters ? { counters: shared.counters } : {}),
  });
  const fleet = new Fleet({
    onChange,
    rules,
    resolve: options.resolve,
    onResolveFailure: (hostname, error) =>
      log.warn(
        { hostname, err: error },
        'a name can’t be resolved again: its last addresses go on being used',
      ),
    agreement: shared?.agreement,
  });
  const registry = new UpstreamRegistry(onChange);
  meterUpstreams(metrics, registry);
  const tokens = openTokenCounter();
  const accounts = new Accounts({
    budgets: store.budgets,
    log,
    meters: new BudgetMeters(meters, metrics, clock.wall),
    onChange,
    clock,
  });
  const ledger = new LedgerWriter({
    ledger: store.ledger,
    log,
    meters,
    limits: (): LedgerLimits => {
      const { keep, maxRows } = (reload.config ?? config).ai.ledger;
      // Beside everything else that lives in memory: 25 MB.
      return { keep, maxRows: store.name === 'memory:' ? Math.min(maxRows, 50_000) : maxRows };
    },
    now: clock.wall,
  });
  const contextSettings = (): GatewayConfig['context'] => (reload.config ?? config).context;
  const mindMeters = new MindMeters(metrics);
  const privacy = openPrivacy(() => contextSettings().privacy, store.documents, clock.wall);
  const upkeep = new KeyUpkeep(metrics, { renew: () => privacy.renew(), log });
  const contextMeters = new ContextMeters(metrics);
  const operations = new OperationLog(log, contextMeters, () => clock.monotonic());
  const mind = new Mind({
    settings: contextSettings,
    sessions: store.sessions,
    privacy,
    meters: mindMeters,
    tell: (signal) => signals.context(signal),
    operations,
    log,
    clock,
  });
  const conversations = new Conversations({
    sessions: store.sessions,
    mind,
    privacy,
    meters: contextMeters,
    operations,
    log,
    clock,
    settings: contextSettings,
  });
  const readiness = new Readiness();
  const listener = new Listener({
    headersTimeoutMs: server.timeouts.headers,
    requestTimeoutMs: server.timeouts.request,
    sendTimeoutMs: server.timeouts.send,
    maxHeaderBytes: server.limits.header,
    maxStreams: server.limits.streams,
    tls: server.tls,
    isHttp2: server.http2 ?? server.tls !== undefined,
    recorder,
    // Where the gateway sends no spans itself, it leaves the decision to those behind it.
    sample: tracing?.sample ?? 1,
    probe: (path) => readiness.probe(path),
    clock,
    onFault: (error) => log.error({ err: error }, 'a connection was cut off by a fault of the gateway'),
  });
  meters.countRunning(() => listener.inFlight);
  const pressure = new Pressure({ inFlight: () => listener.inFlight, onChange });
  const answers = new Answers(store.documents, server.limits.cache, clock.wall, shared?.outdated);
  meterAnswers(metrics, answers);
  const share = shared?.share ?? { place: 0, of: 1 };
  const mcp = openMcp({
    fleet,
    counters: store.counters,
    documents: store.documents,
    logs: store.logs,
    log,
    onChange,
    share,
    clock,
  });
  const ports = {
    fleet,
    answers,
    onChecked: (exchange: Exchange, isOutdated: boolean) => signals.checked(exchange, isOutdated),
    now: clock.wall,
    registry,
    counters: store.counters,
    documents: store.documents,
    meters,
    log,
    descriptors: options.descriptors,
    pressure,
    running: new Leases<Running>(() => undefined),
    schemas: new SharedSchemas(),
    outbound,
    share,
    decides: shared?.agreement.decides ?? true,
    ai: {
      fleet,
      fetch: outbound.fetch,
      tokens,
      accounts,
      ledger,
      conversations,
      states: new ModelStates(metrics, onChange),
      drift: new InputDrift(metrics),
      shadows: new Shadows(store.documents, metrics, log),
      kept: new KeptAnswers({
        answers,
        log,
        clock,
        degraded: () => meters.degraded.inc({ policy: 'ai-cache', what: 'fail_open' }),
      }),
      recorder,
      log,
      clock,
    },
    mcp,
  };
  const certificates = new CertificateWatch({ onChange, now: clock.wall });
  const reload = new Reload({
    listener,
    meters,
    log,
    onChange,
    certificates,
    plan: (revised) => planGeneration(revised, ports),
    onServe: (revised) => {
      meters.use(configuredNames(revised));
      signals.use(sourcesOf(revised));
      tracing?.use(revised);
    },
    ...(shared?.prepareElsewhere ? { prepareElsewhere: shared.prepareElsewhere } : {}),
  });

  function onStoreEvent({ kind, error, policy }: StoreEvent): void {
    const name = describeStoreUrl(storeConfig.url);
    if (kind === 'evicts') {
      log.warn(
        { store: name, policy },
        'the store lets keys go when its memory is full, conversations among them: set maxmemory-policy to noeviction',
      );
      return;
    }
    if (kind === 'down') {
      log.error({ err: error, store: name }, 'the store does not answer');
      return;
    }
    log.info({ store: name }, 'the store answers again');
    options.onStoreUp?.();
  }

  return {
    store,
    metrics,
    meters,
    changes,
    fleet,
    outbound,
    registry,
    answers,
    mindMeters,
    mind,
    ledger,
    signals,
    mcp,
    listener,
    conversations,
    reload,
    readiness,
    now: clock.wall,
    async drain(timeoutMs) {
      const cut = await listener.drain(timeoutMs);
      pressure.close();
      return cut;
    },
    async close() {
      await reload.close();
      certificates.close();
      signals.close();
      await upkeep.close();
      await mind.close();
      await recorder.settled();
      await tracing?.close();
      await tokens.close();
      await accounts.close();
      await conversations.close();
      await mind.settled();
      await ledger.close();
      await Promise.all([fleet.destroy(), outbound.close()]);
      await store.close();
    },
  };
}
