// Who carries the requests: this process, or worker processes that it keeps. To the rest of the gateway it is one.
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import type { GatewayConfig } from './config/schema/index.ts';
import type { PurgeSelection } from './contracts/cache.ts';
import type { PolicyDescriptor } from './contracts/policy.ts';
import { type DataPlane, type DataPlaneOptions, openDataPlane } from './data-plane.ts';
import type { EngineThread } from './hypercare/engine/thread.ts';
import { pack } from './lib/packed.ts';
import { WorkerMeters } from './record/worker-meters.ts';
import { parseAddress } from './server/address.ts';
import { listenAlone } from './server/listening.ts';
import { PolicyRefused } from './server/policies.ts';
import type { MetricsPage } from './telemetry/metrics.ts';
import { loadsOf, type TargetLoad } from './upstream/target-loads.ts';
import type { WorkerStatus } from './workers/messages.ts';

export interface Carriers {
  /** Of this process: what it decides is told to the workers, if there are any. */
  readonly plane: DataPlane;
  /** All of them together. */
  readonly metrics: MetricsPage;
  /** Ready from now on. @returns the public address; fails if it is taken, or a worker can't begin */
  listen(): Promise<AddressInfo>;
  status(): Promise<WorkerStatus>;
  /** What runs on each target, of each process that carries requests. */
  loads(): Promise<TargetLoad[]>;
  /** @returns how many kept answers were forgotten */
  purge(selection: PurgeSelection, sharing: readonly string[]): Promise<number>;
  flushLedger(): Promise<void>;
  renumber(revision: number): void;
  /** From now on the engine gets the signals of worker processes, too. */
  watch(engine: EngineThread | undefined): void;
  unready(): void;
  /** Accepts nothing new and finishes what runs. @returns how many requests had to be cut off */
  drain(timeoutMs: number): Promise<number>;
}

/** How many worker processes `server.workers` means. */
const workersOf = ({ server: { workers } }: GatewayConfig): number =>
  workers === 'auto' ? availableParallelism() : workers;

interface CarriersOptions extends DataPlaneOptions {
  /** Those of the descriptors that do not ship with the gateway. */
  policies?: readonly PolicyDescriptor<unknown>[];
}

/** @throws PolicyRefused if workers would do without a policy; an Error if the store can't be opened */
export async function openCarriers(options: CarriersOptions): Promise<Carriers> {
  const size = workersOf(options.config);
  if (size === 1) return alone(options);
  const [own] = options.policies ?? [];
  // A worker loads what ships by its name; the functions of another can't be sent to it.
  if (own)
    throw new PolicyRefused(
      `policy ${own.name}: it was handed to this process, and worker processes can't have it: set server.workers to 1`,
    );
  return withWorkers(options, size);
}

async function alone(options: DataPlaneOptions): Promise<Carriers> {
  const plane = await openDataPlane(options);
  const { listener, reload, readiness, answers, ledger } = plane;
  return {
    plane,
    metrics: plane.metrics,
    async listen() {
      const address = await listener.listen(parseAddress(options.config.server.listen));
      readiness.isReady = true;
      return address;
    },
    status: async () => ({ requestsInFlight: listener.inFlight, generations: reload.generations }),
    loads: async () => loadsOf(plane.registry),
    purge: (selection, sharing) => answers.purge(selection, sharing),
    flushLedger: () => ledger.flush(),
    renumber: (revision) => reload.renumber(revision),
    // Its own signals are connected already.
    watch: () => undefined,
    unready: () => {
      readiness.isReady = false;
    },
    drain: (timeoutMs) => plane.drain(timeoutMs),
  };
}

/** This process has everything but the public port: what it knows and decides is what the workers go by. */
async function withWorkers(options: DataPlaneOptions, size: number): Promise<Carriers> {
  const [{ Crew }, { countSteps }, { SummedMetrics }] = await Promise.all([
    import('./workers/crew.ts'),
    import('./workers/shared-counters.ts'),
    import('./telemetry/summed-metrics.ts'),
  ]);
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const { config: started, sink, processMetrics = true } = options;
  let engine: EngineThread | undefined;
  let serving = 0;
  /** From the start to the stop. */
  let isOpen = false;
  // With none of them the port is closed.
  const sayReady = (): void => {
    plane.readiness.isReady = isOpen && serving > 0;
  };
  const crew = new Crew({
    size,
    entry: new URL(`./worker-process${extension}`, import.meta.url),
    log: sink.logger,
    listen: parseAddress(started.server.listen),
    writeLine: (line) => sink.writeLine(line),
    onChange: (change) => plane.changes.recordNews(change),
    meters: () => meters,
    boot: () => ({
      started: pack(started),
      config: pack(plane.reload.config ?? started),
      revision: plane.reload.revision,
      findings: plane.fleet.findings(),
      processMetrics,
    }),
    take: (finding) => plane.fleet.take(finding),
    count: (steps) => countSteps(plane.store.counters, steps),
    hungAfterMs: () => (plane.reload.config ?? started).server.timeouts.worker,
    onFigures: (id, figures) => metrics.take(id, figures),
    onEnded: (id) => {
      engine?.forget(`worker ${id}`);
      void metrics.ended(id);
    },
    onServing: (count) => {
      serving = count;
      meters.serving.set(count);
      sayReady();
    },
    signals: (id, { batch, dropped, requests, contexts }) => {
      if (batch && engine?.take(`worker ${id}`, batch) === false) engine.drop(batch.count);
      if (dropped > 0) engine?.drop(dropped);
      for (const request of requests) plane.signals.recent.add(request);
      for (const signal of contexts) engine?.context(signal);
    },
  });
  const plane = await openDataPlane({
    ...options,
    shared: {
      agreement: crew,
      prepareElsewhere: (config) => crew.prepare(config),
      share: { place: 0, of: size },
    },
  });
  const meters = new WorkerMeters(plane.metrics);
  const metrics = new SummedMetrics(plane.metrics, () => crew.figures());
  return {
    plane,
    metrics,
    async listen() {
      const address = await listenAlone(parseAddress(started.server.listen), () => crew.start());
      isOpen = true;
      sayReady();
      return address;
    },
    status: () => crew.status(),
    loads: () => crew.loads(),
    async purge(selection, sharing) {
      const [inWorkers, shared] = await Promise.all([
        crew.purge(selection),
        plane.answers.purge(selection, sharing),
      ]);
      return inWorkers + shared;
    },
    flushLedger: () => crew.flushLedger(),
    renumber(revision) {
      plane.reload.renumber(revision);
      crew.renumber(revision);
    },
    watch(watching) {
      engine = watching;
    },
    unready() {
      isOpen = false;
      sayReady();
      crew.unready();
    },
    async drain(timeoutMs) {
      const cut = await crew.drain(timeoutMs);
      metrics.close();
      await plane.drain(timeoutMs);
      return cut;
    },
  };
}
