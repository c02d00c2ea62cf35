import { isRight, untilServes } from './ask.ts';
import { type Counted, runClient } from './counted.ts';
import { residentMegabytes } from './cpu.ts';
import { type Alive, onSite, presentOf, rotated, type Site, upstreamOf, withAlive } from './ground.ts';
import { FULL } from './load-share.ts';
import { untilStill } from './measure.ts';
import { type Spread, spread } from './statistics.ts';
import type { Call, Case, Subject, Upstream } from './suite.ts';
import { warmBySaturation } from './warm.ts';

/** The name under which the client at the upstream itself stands, without a subject. */
export const ALONE = 'nothing between';

/** After a level, until a subject that could not hold it has done with what was asked. */
const STILL_WITHIN_MS = 60_000;

/** What a client is started with at one level of load. */
export interface Level {
  name: string;
  /** Beside the request and its times. */
  order: object;
}

export interface LevelsPlan {
  /** File of the client. */
  client: string;
  asked: Case;
  /** What subjects are warmed with, and asked after each window, when the answer has to be right byte for byte; `asked` if absent. */
  checked?: Case;
  subjects: readonly Subject[];
  levels: readonly Level[];
  upstream: Upstream;
  /** Before anything counts, in milliseconds. */
  settleMs: number;
}

/** One subject at one level in one round. */
export interface LevelWindow<Figures> {
  figures: Figures;
  seconds: number;
  /** Microseconds of CPU of the subject, 0 where there is none. */
  cpu: number;
  /** Shares of their core: 0 to 1. */
  subjectBusy: number;
  loadBusy: number;
  residentMegabytes: number;
}

/** At one level, by subject: a window a round. */
export type Found<Figures> = Record<string, LevelWindow<Figures>[]>;
/** By level. */
export type Windows<Figures> = Record<string, Found<Figures>>;

async function measure<Figures>(
  plan: LevelsPlan,
  { upstream }: Site,
  { order }: Level,
  countMs: number,
  alive: Alive,
): Promise<LevelWindow<Figures>> {
  const { subject, started, origin } = alive;
  const { method, path, headers, body } = alive.asked(plan.asked);
  const { settleMs } = plan;
  const whole = { origin, method, path, headers, body, settleMs, countMs, ...order };
  const watched = { subject: started.pid, upstream: upstream.pid };
  const timeoutMs = settleMs + countMs + 60_000;
  const told: Counted<Figures> = await runClient(plan.client, whole, watched, timeoutMs);
  started.assertAlive();
  upstream.assertAlive();
  // Who was left behind works on for its clients that have gone, and nobody else is to be measured meanwhile.
  await untilStill(started.pid, STILL_WITHIN_MS);
  const wanted = alive.asked(plan.checked ?? plan.asked);
  await untilServes(subject, started, wanted, (answer) => isRight(subject, wanted, answer));
  const { seconds, figures } = told;
  const { subject: own = 0, upstream: behind = 0, client = 0 } = told.cpu;
  const cpu = started === upstream ? 0 : own;
  return {
    figures,
    seconds,
    cpu,
    subjectBusy: cpu / 1e6 / seconds,
    loadBusy: (behind + client) / 1e6 / seconds,
    residentMegabytes: residentMegabytes(started.pid),
  };
}

/**
 * Measures every subject at every level, in interleaved rounds with fresh processes that were warmed at saturation, and the
 * upstream alone beside them.
 */
export async function measureLevels<Figures>(
  plan: LevelsPlan,
  call: Call,
  found: (what: string, window: LevelWindow<Figures>) => void,
): Promise<{ windows: Windows<Figures>; missing: { subject: string; why: string }[]; present: Subject[] }> {
  const { present, missing } = presentOf(plan.subjects, call);
  const { rounds, seconds, isSmoke } = call.effort;
  const countMs = isSmoke ? 1_500 : seconds * 1_000;
  const names = [ALONE, ...present.map(({ name }) => name)];
  const windows: Windows<Figures> = Object.fromEntries(
    plan.levels.map((level) => [level.name, Object.fromEntries(names.map((name) => [name, []]))]),
  );
  await onSite(plan.upstream, plan.asked, call, async (site) => {
    const warm = (alive: Alive): Promise<void> =>
      warmBySaturation(site, alive, plan.checked ?? plan.asked, call);
    const alone = upstreamOf(site, ALONE);
    await warm(alone);
    for (let round = 0; round < rounds; round++) {
      await withAlive(site, rotated(present, round), plan.asked, async (alive) => {
        for (const each of alive) await warm(each);
        for (const level of plan.levels) {
          for (const each of rotated([alone, ...alive], round)) {
            const { name } = each.subject;
            const window = await measure<Figures>(plan, site, level, countMs, each);
            windows[level.name]?.[name]?.push(window);
            found(`round ${round + 1}, ${level.name}, ${name}`, window);
          }
        }
      });
    }
  });
  return { windows, missing, present };
}

/** A figure of a subject over all rounds. */
export const over = <Figures>(
  windows: readonly LevelWindow<Figures>[],
  figure: (window: LevelWindow<Figures>) => number,
): Spread => spread(windows.map(figure));

/** Subjects whose load's core was full before their own: their figures are the load's. */
export function starvedOf<Figures>(found: Found<Figures>): string[] {
  return Object.entries(found)
    .filter(([, windows]) => over(windows, (w) => w.loadBusy).median >= FULL)
    .filter(([, windows]) => over(windows, (w) => w.subjectBusy).median < FULL)
    .map(([subject]) => subject);
}
