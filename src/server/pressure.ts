import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { PRIORITIES, type Priority } from '../config/schema/routes.ts';
import type { OnStateChange } from '../contracts/state-change.ts';

/** Milliseconds between looks at the event loop. */
const SAMPLE_MS = 500;
/** Of the timer whose lateness is the delay. */
const RESOLUTION_MS = 20;
/** Looks without a shed request after which shedding is over: 5 s, so that it is not told again and again. */
const QUIET_SAMPLES = 10;

export interface PressurePorts {
  /** Requests that run now. */
  inFlight(): number;
  /** Bytes; what the process says of itself if absent. */
  memory?: () => { rss: number; heapUsed: number };
  onChange: OnStateChange;
}

/**
 * How busy the process is. @fastify/under-pressure measures the same, but belongs to one Fastify app, and ours come and
 * go with each reload; and it knows no priorities.
 */
export class Pressure {
  /** Milliseconds that work waits for the event loop, in each of the last two looks: one stall is over when it is seen. */
  delayMs = 0;
  /** Bytes that the process has in memory, and that its JavaScript has of them, at the last look. */
  rss = 0;
  heapUsed = 0;
  readonly #ports: PressurePorts;
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #lastDelay = 0;
  #lastLook: number = performance.now();
  /** The highest priority of which requests were shed since the last look. */
  #shed: Priority | undefined;
  #told: Priority | 'none' = 'none';
  #quiet = 0;
  /** Requests that were shed and are not over: their answers are on the way, or nobody reads them. */
  #refused = 0;

  constructor(ports: PressurePorts) {
    this.#ports = ports;
    this.#histogram.enable();
    this.#weigh();
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Without those that were shed: a flood of the low ones must leave room for the critical. */
  get inFlight(): number {
    return this.#ports.inFlight() - this.#refused;
  }

  /** A request was shed: it does not count among those in flight until it is over. */
  leaveOut(shed: { atEnd(over: () => void): void }): void {
    this.#refused++;
    shed.atEnd(() => {
      this.#refused--;
    });
  }

  /** A request of this priority was shed. */
  noteShed(priority: Priority): void {
    if (this.#shed === undefined || rank(priority) < rank(this.#shed)) this.#shed = priority;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lastLook - SAMPLE_MS;
    this.#lastLook = now;
    // NaN if the loop was blocked all the time, so that not one sample was taken.
    const mean = this.#histogram.mean / 1e6 - RESOLUTION_MS;
    this.#histogram.reset();
    const delay = Math.max(0, Number.isNaN(mean) ? late : mean);
    this.delayMs = Math.min(delay, this.#lastDelay);
    this.#lastDelay = delay;
    this.#weigh();
    this.#tell();
  }

  #weigh(): void {
    const { rss, heapUsed } = this.#ports.memory?.() ?? {
      rss: process.memoryUsage.rss(),
      heapUsed: getHeapStatistics().used_heap_size,
    };
    this.rss = rss;
    this.heapUsed = heapUsed;
  }

  #tell(): void {
    const shed = this.#shed;
    this.#shed = undefined;
    this.#quiet = shed === undefined ? this.#quiet + 1 : 0;
    const isWorse = shed !== undefined && (this.#told === 'none' || rank(shed) < rank(this.#told));
    const isOver = this.#told !== 'none' && this.#quiet >= QUIET_SAMPLES;
    if (!isWorse && !isOver) return;
    const from = this.#told;
    this.#told = shed ?? 'none';
    const reason = isOver
      ? 'no request was shed for 5 s'
      : `${this.inFlight} requests in flight, event loop delay ${Math.round(this.delayMs)} ms, ${megabytes(this.rss)} MB resident, ${megabytes(this.heapUsed)} MB of them heap`;
    this.#ports.onChange({
      at: Date.now(),
      kind: 'shedding',
      subject: 'gateway',
      from,
      to: this.#told,
      reason,
      by: 'gateway',
    });
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);

/** 0 = the most important. */
const rank = (priority: Priority): number => PRIORITIES.indexOf(priority);
