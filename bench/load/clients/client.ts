import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a client is started with. */
export interface ClientOrder {
  origin: string;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Before anything counts. */
  settleMs: number;
  /** For which it counts. */
  countMs: number;
}

/** Milliseconds at some percentiles, of how many. */
export interface Times {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Of microseconds, from 1 on. */
export const histogram = (): RecordableHistogram => createHistogram();

export function record(into: RecordableHistogram, microseconds: number): void {
  into.record(Math.max(1, Math.round(microseconds)));
}

export const timesOf = (recorded: RecordableHistogram): Times => {
  const ms = (percent: number): number =>
    recorded.count === 0 ? Number.NaN : recorded.percentile(percent) / 1000;
  return { count: recorded.count, p50: ms(50), p99: ms(99), p999: ms(99.9), max: ms(100) };
};

export const order = <Order extends ClientOrder>(): Order => JSON.parse(process.argv[2] ?? '') as Order;

/** Milliseconds of the system's monotonic clock, which all threads share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Who has sent nothing for so long hangs: what is only late is for the figures to tell. */
const HANGS_AFTER_MS = 120_000;
/** For clients of undici. */
export const HANGING = {
  connectTimeout: HANGS_AFTER_MS,
  headersTimeout: HANGS_AFTER_MS,
  bodyTimeout: HANGS_AFTER_MS,
};

/** How long what was asked in the time that counts may take beyond it, in milliseconds. */
const ANSWERED_WITHIN_MS = 10_000;

/**
 * Waits until things have settled, marks what counts, and gives the figures.
 * @param isAnswered whether everything that counts has ended; it is waited for, 10 seconds at most
 */
export async function count(
  { settleMs, countMs }: ClientOrder,
  on: (isCounting: boolean) => void,
  figures: () => object,
  isAnswered: () => boolean = () => true,
): Promise<never> {
  await sleep(settleMs);
  on(true);
  process.stdout.write('begin\n');
  await sleep(countMs);
  on(false);
  process.stdout.write('end\n');
  const deadline = nowMs() + ANSWERED_WITHIN_MS;
  while (!isAnswered() && nowMs() < deadline) await sleep(5);
  process.stdout.write(`${JSON.stringify(figures())}\n`, () => process.exit(0));
  return new Promise(() => undefined);
}
