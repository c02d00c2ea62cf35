// A worker: carries requests as the primary says (src/workers). It reads no file, decides nothing, and obeys no signal.

import type { StateKind } from './contracts/state-change.ts';
import { type DataPlane, openDataPlane } from './data-plane.ts';
import { flushEvery } from './hypercare/engine/attach.ts';
import { Channel } from './lib/channel.ts';
import { unpack } from './lib/packed.ts';
import { calmHelperThreads } from './server/helper-threads.ts';
import { loadPolicies } from './server/policies.ts';
import type { Prepared } from './server/reload.ts';
import { type LogSink, openLog } from './telemetry/logger.ts';
import { figuresOf } from './telemetry/metrics.ts';
import { loadsOf } from './upstream/target-loads.ts';
import type { PrimarySide, WorkerSide, WorkerSignals } from './workers/messages.ts';
import { SharedCounters } from './workers/shared-counters.ts';

/** How long a count may take at least before a limit does without it, in milliseconds: the primary may be building. */
const COUNT_WITHIN_MS = 1_000;
/** How long the answer to a change waits until no worker gives any more what it made wrong, in milliseconds. */
const OUTDATED_WITHIN_MS = 2_000;
/**
 * Changes of state that happen in a worker alone, and those that each sees by itself (`tool`): of all others the primary
 * learns what led to them, and tells them once.
 */
const OWN_CHANGES: ReadonlySet<StateKind> = new Set(['shedding', 'budget', 'provider', 'prompt', 'tool']);

const NO_SIGNALS: WorkerSignals = { batch: undefined, dropped: 0, requests: [], contexts: [] };
const booted = Promise.withResolvers<DataPlane>();
let sink: LogSink | undefined;
let prepared: Prepared | undefined;

const ours: WorkerSide = {
  async serve({ listen, revision, findings, share, processMetrics, ...packed }) {
    const [started, config] = [unpack(packed.started), unpack(packed.config)];
    sink = openLog(started.log.level);
    const countWithinMs = Math.max(COUNT_WITHIN_MS, started.store.timeout);
    const plane = await openDataPlane({
      config: started,
      descriptors: await loadPolicies(),
      sink,
      processMetrics,
      shared: {
        agreement: { decides: false, tell: (finding) => primary.tell('found', finding) },
        counters: new SharedCounters((steps) => primary.ask('count', steps, countWithinMs)),
        onChange: (change) => {
          if (OWN_CHANGES.has(change.kind)) primary.tell('changed', change);
        },
        outdated: (change) => primary.ask('outdated', change, OUTDATED_WITHIN_MS),
        share,
      },
    });
    const first = await plane.reload.prepare(config);
    await first.serve(revision);
    for (const finding of findings) plane.fleet.take(finding);
    if (started.hypercare.enabled) {
      plane.signals.connect({
        // What is sent is copied: the buffer is free at once.
        send(batch) {
          primary.tell('signals', { ...NO_SIGNALS, batch });
          queueMicrotask(() => plane.signals.giveBack(batch.buffer));
          return true;
        },
        onDropped: (dropped) => primary.tell('signals', { ...NO_SIGNALS, dropped }),
        context: (signal) => primary.tell('signals', { ...NO_SIGNALS, contexts: [signal] }),
        keep: (requests) => primary.tell('signals', { ...NO_SIGNALS, requests }),
        everyMs: flushEvery(started.hypercare.tick),
      });
    }
    const address = await plane.listener.listen(listen, true);
    calmHelperThreads();
    plane.readiness.isReady = true;
    booted.resolve(plane);
    return address;
  },
  async prepare(config) {
    prepared = await (await booted.promise).reload.prepare(unpack(config));
  },
  async swap(revision) {
    await prepared?.serve(revision);
    prepared = undefined;
  },
  async discard() {
    await prepared?.discard();
    prepared = undefined;
  },
  async renumber(revision) {
    (await booted.promise).reload.renumber(revision);
  },
  async take(findings) {
    const { fleet } = await booted.promise;
    for (const finding of findings) fleet.take(finding);
  },
  async figures() {
    return figuresOf((await booted.promise).metrics);
  },
  async status() {
    const { listener, reload } = await booted.promise;
    return { requestsInFlight: listener.inFlight, generations: reload.generations };
  },
  async loads() {
    return loadsOf((await booted.promise).registry);
  },
  async purge(selection) {
    return (await booted.promise).answers.purge(selection, []);
  },
  async outdate(change) {
    (await booted.promise).answers.outdate(change);
  },
  async flushLedger() {
    await (await booted.promise).ledger.flush();
  },
  async unready() {
    (await booted.promise).readiness.isReady = false;
  },
  async drain(timeoutMs) {
    const plane = await booted.promise;
    plane.readiness.isReady = false;
    const cut = await plane.drain(timeoutMs);
    await plane.close();
    await sink?.close();
    return cut;
  },
  exit: () => process.exit(0),
};

const primary = new Channel<PrimarySide, WorkerSide>(
  {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (take) => void process.on('message', take),
  },
  ours,
);

// Without the primary there is nobody who would say what to do, and its port is another's soon.
// It read the log, too: written out at the exit, what is left of it would wait for a reader for ever.
process.on('disconnect', () => void Promise.resolve(sink?.close()).finally(() => process.exit(0)));
// A terminal and systemd send them to all processes of the gateway; the primary says what follows from them.
process.on('SIGTERM', () => undefined);
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('unhandledRejection', (reason) => {
  process.stderr.write(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}\n`);
});
process.once('uncaughtException', (error) => {
  // What was being done when it came is unknown: finish what runs, and let the primary start another.
  process.stderr.write(`uncaught exception: ${error.stack ?? error.message}\n`);
  void booted.promise
    .then((plane) => ours.drain(plane.reload.config?.server.timeouts.drain ?? 0))
    .finally(() => process.exit(1));
});
