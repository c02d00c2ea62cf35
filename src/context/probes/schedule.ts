import { Cron } from 'croner';
import type { Documents } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { MindMeters } from '../measures/meters.ts';
import { isGood, type ProbeReport } from './report.ts';
import { type ProbeTarget, runProbe } from './run-probe.ts';
import type { ProbeScript } from './script.ts';

/** A probe that the config has on a schedule. */
export interface ScheduledProbe {
  /** The script's, or of one that can't be read its file's; with `#2` and so on where the config has it for a model more than once: for another consumer, or service. */
  readonly name: string;
  /** Which of the config's list it is: the same on all replicas, while two may have one script and model. */
  readonly place: number;
  /** Undefined: it can't be read, or not be held on a schedule. */
  readonly script: ProbeScript | undefined;
  readonly model: string;
  /** Cron, five or six fields. */
  readonly every: string;
  readonly timezone: string;
  readonly apiKey: string;
  /** Of the AI routes, with their prefix. */
  readonly url: string;
  /** As of `ProbeTarget`. */
  readonly admin?: ProbeTarget['admin'];
}

export interface ScheduleOptions {
  /** Those of the config in force; asked at every look. */
  probes(): readonly ScheduledProbe[];
  documents: Documents;
  meters: MindMeters;
  log: Logger;
  clock: { wall(): number; monotonic(): number };
  /** Hears of each run that came to an end. */
  onReport?(report: ProbeReport): void;
}

/** Milliseconds between two looks at what is due. */
const LOOK_MS = 5000;
const TIMEOUT_MS = 60_000;
/** What is remembered of who ran what when: longer than replicas' clocks differ. */
const CLAIM_MS = 60 * 60 * 1000;
const COLLECTION = 'context-probes';

/** Runs the config's probes when they are due, each time on one of the replicas, one after the other. */
export class ProbeSchedule {
  readonly #options: ScheduleOptions;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt: number;
  #known: readonly ScheduledProbe[] = [];
  #running: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#lookedAt = options.clock.wall();
  }

  start(): void {
    // So that what is wrong with them is said at once.
    this.#options.probes();
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Runs what has become due since the last look. Of a run that is not over it resolves with that: nothing piles up. */
  look(): Promise<void> {
    if (this.#running) return this.#running;
    const now = this.#options.clock.wall();
    const from = this.#lookedAt;
    this.#lookedAt = now;
    const probes = this.#options.probes();
    this.#forgetOthers(probes);
    const due = probes.flatMap((probe) => {
      const next = nextRun(probe, from);
      return next !== undefined && next <= now ? [{ probe, at: next }] : [];
    });
    if (due.length === 0) return Promise.resolve();
    this.#running = this.#run(due).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Begins nothing more. What runs ends where it is, and says nothing of the model: its next time is soon enough. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#running;
  }

  /** Those that the config has no more. */
  #forgetOthers(probes: readonly ScheduledProbe[]): void {
    if (probes === this.#known) return;
    const isThere = (known: ScheduledProbe): boolean =>
      probes.some(({ name, model }) => name === known.name && model === known.model);
    for (const known of this.#known)
      if (!isThere(known)) this.#options.meters.forgetProbe(known.name, known.model);
    this.#known = probes;
  }

  async #run(due: readonly { probe: ScheduledProbe; at: number }[]): Promise<void> {
    const { log, meters, onReport, clock } = this.#options;
    const { signal } = this.#closing;
    for (const { probe, at } of due) {
      if (signal.aborted) return;
      const { name, script, model, url, apiKey, admin } = probe;
      try {
        if (!(await this.#claim(probe, at))) {
          meters.forgetProbe(name, model);
          continue;
        }
        if (!script)
          throw new Error(
            'its script can’t be read, or is refused: the log of when the config was met says why',
          );
        const target = { url, apiKey, model, admin, clock, timeoutMs: TIMEOUT_MS, signal };
        const ran = await runProbe(script, target);
        if (signal.aborted) return log.info({ probe: name, model }, 'a context probe was broken off');
        const report = { ...ran, probe: name };
        meters.probe(name, model, report.outcome, recallByDistance(report));
        const { outcome, recall, faults, skipped, turns, durationMs } = report;
        log[isGood(report) ? 'info' : 'warn'](
          { probe: name, model, outcome, recall, turns, duration_ms: durationMs, faults, skipped },
          'a context probe was run',
        );
        onReport?.(report);
      } catch (error) {
        meters.probe(name, model, 'not_run', {});
        log.error({ err: error, probe: name }, 'a context probe could not be run');
      }
    }
  }

  /** Whether this replica is the one to run it this time. */
  async #claim({ name, script, model, place }: ScheduledProbe, at: number): Promise<boolean> {
    const id = `${script?.name ?? name} ${model} ${place} ${at}`;
    const put = await this.#options.documents.put(COLLECTION, id, { at }, { ifVersion: 0, ttlMs: CLAIM_MS });
    return put.ok;
  }
}

function nextRun({ every, timezone }: ScheduledProbe, from: number): number | undefined {
  const cron = new Cron(every, { paused: true, timezone });
  return cron.nextRun(new Date(from))?.getTime();
}

/** Recall by distance, and of all. */
export function recallByDistance({ recall, byDistance }: ProbeReport): Record<string, number> {
  const shares = Object.entries(byDistance).map(([band, { asked, found }]) => [band, found / asked]);
  return Object.fromEntries(recall < 0 ? shares : [...shares, ['all', recall]]);
}
