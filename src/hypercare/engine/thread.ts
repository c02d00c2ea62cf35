import type { Worker } from 'node:worker_threads';
import type {
  Bill,
  ContextSignal,
  Engine,
  EngineQueries,
  EngineStatus,
  FeedbackSignal,
  RequestQuery,
} from '../../contracts/engine.ts';
import type { Detection, DetectionEvent } from '../../contracts/finding.ts';
import type { Watch, WatchedTick } from '../../contracts/signal.ts';
import type { NewName, SignalBatch } from '../../record/signals/layout.ts';
import type { EnginePorts } from './engine-ports.ts';
import type { Answer, FromThread, Question, ThreadStatus, ToThread } from './messages.ts';
import { OpenQuestions } from './open-questions.ts';
import { openWorker } from './open-worker.ts';
import { Replicas } from './replicas.ts';
import type { EngineSettings } from './settings.ts';
import { type Change, ToldChanges } from './told-changes.ts';

/** The source of this process's own signals. */
export const OWN = 'own';

/** Batches of one source that may wait: each is 1,024 signals. */
const MOST_WAITING = 64;
/** From the end of a thread to the next one: twice as long each time, unless it had lived for a while. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;
const LIVED_MS = 60_000;
/** Ticks without a word after which the engine counts as stalled. */
const STALLED = 3;
/** Feedback, context signals and bills that wait while there is no thread. */
const MOST_HELD = 10_000;

/**
 * The engine in a thread of its own, kept alive. What it has found open is kept here, so that a thread that ends loses
 * none of it: the next one goes on with it. Nothing here waits for the thread.
 */
export class EngineThread implements Engine {
  readonly #ports: EnginePorts;
  #settings: EngineSettings;
  #worker: Worker | undefined;
  #bornAt = 0;
  #isStopped = true;
  #deaths = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #restarts = 0;
  #dropped = 0;
  #lagMs = 0;
  #status: ThreadStatus | undefined;
  #startedAt = 0;
  readonly #open = new Map<string, Detection>();
  /** What the thread has learnt, for the next one. */
  #memory = '';
  readonly #watches = new Map<string, Watch>();
  readonly #changes = new ToldChanges();
  /** Names by source, as they were told: a new thread has to be told them again. */
  readonly #names = new Map<string, NewName[]>();
  readonly #waiting = new Map<string, number>();
  #held: ToThread[] = [];
  readonly #asked = new OpenQuestions();
  /** Who waits for the end of a manual tick, in order. */
  #ticking: Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>[] = [];
  readonly #onDetection = new Set<(event: DetectionEvent) => void>();
  readonly #onWatched = new Set<(tick: WatchedTick) => void>();
  readonly queries: EngineQueries;
  readonly #replicas: Replicas | undefined;

  constructor(settings: EngineSettings, ports: EnginePorts) {
    this.#settings = settings;
    this.#ports = ports;
    const { logs, log, now } = ports;
    this.#replicas =
      logs &&
      new Replicas({
        logs,
        log,
        now,
        tickMs: () => this.#settings.tickMs,
        merge: (delta) => this.#post({ kind: 'delta', delta }),
        onPartial: (isPartial) => this.#post({ kind: 'partial', isPartial }),
      });
    this.queries = {
      rates: (query) => this.#ask('rates', query),
      objectives: () => this.#ask('objectives', undefined),
      trafficMap: () => this.#ask('trafficMap', undefined),
      figures: (scope) => this.#ask('figures', scope),
      values: (dimension) => this.#ask('values', dimension),
      requests: (query: RequestQuery) => ports.recent.find(query),
    };
  }

  async start(): Promise<void> {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#startedAt = Date.now();
    await this.#begin();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#refuseAll('the engine has stopped');
    await worker?.terminate();
    await this.#replicas?.close();
  }

  /** Ends the thread as a fault would: another begins. For tests of that. */
  async crash(): Promise<void> {
    await this.#worker?.terminate();
  }

  tick(at: number): Promise<void> {
    if (this.#ports.ticks !== 'manual') return Promise.reject(new Error('the engine ticks by its timer'));
    if (!this.#worker) return Promise.reject(new Error('the engine does not run'));
    this.#ports.flush();
    const { promise, ...ends } = Promise.withResolvers<void>();
    this.#ticking.push(ends);
    this.#worker.postMessage({ kind: 'tick', at } satisfies ToThread);
    return promise;
  }

  /** @param memory what was known before this process began: the first thread goes on with it */
  resume(open: readonly Detection[], memory = this.#memory): void {
    this.#memory = memory;
    const unknown = open.filter(({ fingerprint }) => !this.#open.has(fingerprint));
    if (unknown.length === 0) return;
    for (const detection of unknown) this.#open.set(detection.fingerprint, detection);
    this.#tell({ kind: 'resume', open: unknown });
  }

  onDetection(listener: (event: DetectionEvent) => void): () => void {
    this.#onDetection.add(listener);
    return () => this.#onDetection.delete(listener);
  }

  onWatched(listener: (tick: WatchedTick) => void): () => void {
    this.#onWatched.add(listener);
    return () => this.#onWatched.delete(listener);
  }

  watch(watch: Watch): void {
    this.#watches.set(watch.id, watch);
    this.#post({ kind: 'watch', watch });
  }

  unwatch(id: string): void {
    this.#watches.delete(id);
    this.#post({ kind: 'unwatch', id });
  }

  feedback(signal: FeedbackSignal): void {
    this.#tell({ kind: 'feedback', signal });
  }

  context(signal: ContextSignal): void {
    this.#tell({ kind: 'context', signal });
  }

  reconciled(bill: Bill): void {
    this.#tell({ kind: 'bill', bill });
  }

  change(change: Change): void {
    this.#changes.take(change, this.#ports.now());
    this.#post({ kind: 'change', change, ago: 0 });
  }

  /** The configuration's part, from now on. */
  use(settings: EngineSettings): void {
    this.#settings = settings;
    this.#post({ kind: 'use', settings });
  }

  /** Takes a batch, and its buffer with it. False: too many wait, or there is no thread; the batch is still the caller's. */
  take(source: string, batch: SignalBatch): boolean {
    this.#note(source, batch.names);
    const waiting = this.#waiting.get(source) ?? 0;
    if (!this.#worker || waiting >= MOST_WAITING) return false;
    this.#waiting.set(source, waiting + 1);
    this.#worker.postMessage({ kind: 'batch', source, batch } satisfies ToThread, [batch.buffer]);
    return true;
  }

  /** A process that sent signals has ended. */
  forget(source: string): void {
    this.#names.delete(source);
    this.#waiting.delete(source);
    this.#post({ kind: 'forget', source });
  }

  /** Signals that nobody could take. */
  drop(signals: number): void {
    this.#dropped += signals;
    this.#ports.meters.dropped.inc(signals);
  }

  get status(): EngineStatus {
    const status = this.#status;
    const silentFor = Date.now() - Math.max(status?.lastTickAt ?? 0, this.#startedAt, this.#bornAt);
    const isStalled = silentFor > STALLED * this.#settings.tickMs + 1_000;
    return {
      state: this.#isStopped ? 'off' : !this.#worker ? 'restarting' : isStalled ? 'stalled' : 'running',
      lastTickAt: status?.lastTickAt ?? null,
      lagMs: this.#lagMs,
      dropped: this.#dropped,
      queued: [...this.#waiting.values()].reduce((sum, each) => sum + each, 0),
      leaves: status?.leaves ?? 0,
      restarts: this.#restarts,
      tickMs: status?.tickMs ?? 0,
      isPartial: this.#replicas?.isPartial ?? false,
    };
  }

  #note(source: string, names: readonly NewName[]): void {
    if (names.length === 0) return;
    const known = this.#names.get(source);
    if (known) known.push(...names);
    else this.#names.set(source, [...names]);
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #tell(message: ToThread): void {
    if (this.#worker) this.#post(message);
    else if (this.#held.length < MOST_HELD) this.#held.push(message);
    else this.drop(1);
  }

  #begin(): Promise<void> {
    const worker = openWorker({
      settings: this.#settings,
      open: [...this.#open.values()],
      isShared: this.#replicas !== undefined,
      ticks: this.#ports.ticks,
      now: this.#ports.now(),
      memory: this.#memory,
    });
    worker.on('message', (message: FromThread) => this.#take(message));
    worker.on('error', (error) =>
      this.#ports.log.error({ err: error }, 'the hypercare engine’s thread failed'),
    );
    worker.once('exit', () => this.#lost(worker));
    return new Promise((resolve) => {
      const ready = (): void => {
        this.#worker = worker;
        this.#bornAt = Date.now();
        for (const [source, names] of this.#names) this.#post({ kind: 'names', source, names });
        for (const each of this.#changes.all(this.#ports.now(), this.#settings.tickMs))
          this.#post({ kind: 'change', ...each });
        for (const watch of this.#watches.values()) this.#post({ kind: 'watch', watch });
        this.#post({ kind: 'partial', isPartial: this.#replicas?.isPartial ?? false });
        // Last: of the states that were told some may be of targets that are in the config no more.
        this.#post({ kind: 'use', settings: this.#settings });
        for (const message of this.#held.splice(0)) this.#post(message);
        resolve();
      };
      worker.once('online', ready);
      worker.once('exit', () => resolve());
    });
  }

  #lost(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    this.#waiting.clear();
    this.#ports.giveBack(null);
    this.#refuseAll('the engine’s thread has ended');
    if (this.#isStopped) return;
    this.#restarts++;
    this.#ports.meters.restarts.inc();
    this.#deaths = Date.now() - this.#bornAt > LIVED_MS ? 0 : this.#deaths + 1;
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, this.#deaths - 1));
    this.#ports.log.error({ delay_ms: delay }, 'the hypercare engine’s thread has ended: another begins');
    this.#restartTimer = setTimeout(() => void this.#begin(), delay).unref();
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case 'taken': {
        const { source, buffer, lagMs } = message;
        this.#waiting.set(source, Math.max(0, (this.#waiting.get(source) ?? 1) - 1));
        this.#lagMs = lagMs;
        if (source === OWN) this.#ports.giveBack(buffer);
        break;
      }
      case 'tick':
        this.#status = message.status;
        this.#ports.meters.ticked(message.status, this.#lagMs);
        if (message.delta !== '') this.#replicas?.tick(message.delta);
        for (const event of message.events) this.#tellDetection(event);
        for (const tick of message.watched) for (const listener of this.#onWatched) listener(tick);
        this.#ticking.shift()?.resolve();
        break;
      case 'memory':
        this.#memory = message.memory;
        this.#ports.onMemory?.(message.memory);
        break;
      case 'answer':
        this.#asked.answer(message.id, message.value);
        break;
      case 'refused':
        this.#asked.refuse(message.id, message.message);
        break;
    }
  }

  #tellDetection(event: DetectionEvent): void {
    const { kind, detection } = event;
    if (kind === 'ended') this.#open.delete(detection.fingerprint);
    else this.#open.set(detection.fingerprint, detection);
    if (kind === 'opened') this.#ports.meters.detections.inc({ detector: detection.detector });
    for (const listener of this.#onDetection) listener(event);
  }

  #ask<Q extends Question>(question: Q, of: unknown): Promise<Answer<Q>> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new Error('the engine does not run'));
    return this.#asked.ask((id) =>
      worker.postMessage({ kind: 'ask', id, question, of } satisfies ToThread),
    ) as Promise<Answer<Q>>;
  }

  #refuseAll(why: string): void {
    for (const { reject } of this.#ticking.splice(0)) reject(new Error(why));
    this.#asked.refuseAll(why);
  }
}
