import type { Detection, Priority } from '../../src/contracts/finding.ts';
import { HypercareCore } from '../../src/hypercare/engine/core.ts';
import type { EngineSettings } from '../../src/hypercare/engine/settings.ts';
import { scoresOf } from '../../src/hypercare/priority/scores.ts';
import { SignalWriter } from '../../src/record/signals/signal-writer.ts';
import type { Findings, Study } from '../studies/study.ts';
import { Chance } from './chance.ts';
import { released, USUAL_THUMBS, usualContext, usualFeedback } from './faults.ts';
import { lineOf } from './judge.ts';
import { DAY_MS, HABITS, type Habit, HOUR_MS, QuietWorld } from './quiet-world.ts';
import { SOURCES } from './virtual-run.ts';
import type { Drawn } from './world.ts';

const TICK_MS = 10_000;
/** Monday, midnight. */
const START = Date.UTC(2026, 10, 23);
/** What is nearest to acting: an automatic action wants this confidence at least, whatever the config allows. */
const ACTS_FROM = 0.9;
/** Findings are judged as if they were quickly helped, on a route of some importance: the higher of what they could be. */
const EFFORT = 1;
const TIER = 'high';
const WEIGHTS = { severity: 3, impact: 3, confidence: 2, effort: 1 };

interface Said {
  readonly day: number;
  readonly priority: Priority;
  readonly mayAct: boolean;
  readonly line: string;
}

const settingsOf = ({ routes }: QuietWorld): EngineSettings => ({
  tickMs: TICK_MS,
  confirmMs: 60_000,
  objectives: routes.slice(0, 10).map(({ name }) => ({
    name: `${name}-availability`,
    dimension: 'route',
    value: name,
    kind: 'availability',
    allowed: 0.05,
    overMs: 0,
    over: 30 * DAY_MS,
  })),
  upstreams: Object.fromEntries(routes.map(({ upstream, targets }) => [upstream, targets])),
  cacheTtl: {},
  imported: [],
  mostLeaves: 100_000,
});

/** A week through the real writer and engine. @returns what was said, and of how many requests */
function live(rps: number, days: number, seed: number): { said: Said[]; requests: number } {
  const chance = new Chance(seed);
  const world = new QuietWorld(chance);
  const core = new HypercareCore(settingsOf(world));
  const returned: ArrayBuffer[] = [];
  const writer = new SignalWriter(SOURCES, {
    send(batch) {
      core.take('0', batch);
      return returned.push(batch.buffer) > 0;
    },
    onDropped() {
      throw new Error('the quiet week must not drop signals');
    },
  });
  const said: Said[] = [];
  let requests = 0;
  const record = (one: Drawn): void => {
    requests++;
    writer.record(one);
    for (let buffer = returned.pop(); buffer; buffer = returned.pop()) writer.giveBack(buffer);
    if (one.ai === null) return;
    const thumb = usualFeedback(one, { chance }, USUAL_THUMBS);
    if (thumb) core.feedback(thumb);
    const context = usualContext(one, chance);
    if (context) core.context(context);
  };
  for (let now = START; now < START + days * DAY_MS; now += TICK_MS) {
    const day = Math.floor((now - START) / DAY_MS);
    const sinceMidnight = now % DAY_MS;
    const on = HABITS.filter((habit) => isOn(habit, sinceMidnight));
    changesOf(day, sinceMidnight, now, core);
    const revision = day + (sinceMidnight >= REVISION_AT ? 2 : 1);
    const traffic = on.reduce((all, each) => all * (each.traffic ?? 1), 1);
    const usual = (rps * world.busyness(now) * traffic * TICK_MS) / 1000;
    const draw = (): Drawn => world.draw(now + chance.next() * TICK_MS, revision);
    for (let left = chance.poisson(usual); left > 0; left--) {
      const one = draw();
      for (const { strike } of on) strike?.(one, chance, day);
      record(one);
    }
    for (const { beside } of on) {
      for (let left = beside ? chance.poisson(usual * beside.share) : 0; left > 0; left--) {
        const one = draw();
        beside?.each(one, day);
        if (one.ai === null) record(one);
      }
    }
    writer.flush();
    for (const { kind, detection } of core.tick(now + TICK_MS).events)
      if (kind === 'opened') said.push(judgedAs(detection, day, now));
  }
  return { said, requests };
}

const isOn = ({ hour, minutes }: Habit, sinceMidnight: number): boolean =>
  sinceMidnight >= hour * HOUR_MS && sinceMidnight < hour * HOUR_MS + minutes * 60_000;

const REVISION_AT = 10 * HOUR_MS;
const RELEASE_AT = 15 * HOUR_MS;

/** Every day a revision without a difference, and a release that changes nothing for anybody. */
function changesOf(day: number, sinceMidnight: number, at: number, core: HypercareCore): void {
  const [from, to] = [String(day + 1), String(day + 2)];
  if (sinceMidnight === REVISION_AT)
    core.change({ at, kind: 'revision', subject: 'config', from, to, reason: 'applied', scopes: [] });
  if (sinceMidnight === RELEASE_AT) for (const change of released(at, from, to)) core.change(change);
}

function judgedAs(detection: Detection, day: number, now: number): Said {
  return {
    day: day + 1,
    priority: scoresOf(detection, EFFORT, TIER, WEIGHTS).matrix,
    mayAct: detection.cause.confidence >= ACTS_FROM,
    line: `${new Date(now).toISOString().slice(11, 16)} ${lineOf({ after: (now - START) / 1000, detection })}`,
  };
}

/** `50:7:1` → requests/s, days, seed. */
function run(what: string): Findings {
  const [rps = 50, days = 7, seed = 1] = what.split(':').map(Number);
  const began = performance.now();
  const { said, requests } = live(rps, days, seed);
  const seconds = (performance.now() - began) / 1000;
  return { markdown: reported({ rps, days, seed, seconds, requests }, said), data: { said } };
}

function reported(
  of: { rps: number; days: number; seed: number; seconds: number; requests: number },
  said: readonly Said[],
): string {
  const count = (...of: Priority[]): number => said.filter(({ priority }) => of.includes(priority)).length;
  const p2 = Map.groupBy(
    said.filter(({ priority }) => priority === 'P2'),
    ({ day }) => day,
  );
  const mostP2 = Math.max(0, ...[...p2.values()].map(({ length }) => length));
  return `${of.days} days of an ordinary week on 100 routes, ${of.rps} requests/s on average, seed ${of.seed}: ${of.requests.toLocaleString('en')} requests in virtual time through the real signal writer and the real engine (${of.seconds.toFixed(0)} s of this machine's). Every day: ${HABITS.map(({ name }) => name).join('; ')}; a revision without a difference; a release that changes nothing. A finding's priority is the highest that it could have: quickly helped, on a route of tier ${TIER}. An automatic action wants a confidence of ${ACTS_FROM} whatever the config allows.

| measure | target | found |
| --- | ---: | ---: |
| P0 and P1 | 0 | ${count('P0', 'P1')} |
| P2, on the day with the most | 1 | ${mostP2} |
| automatic actions that could have been | 0 | ${said.filter(({ mayAct }) => mayAct).length} |
| P3 and P4 | | ${count('P3', 'P4')} |

| day | priority | what was said |
| ---: | --- | --- |
${said.map(({ day, priority, line }) => `| ${day} | ${priority} | ${line} |`).join('\n')}
`;
}

export const quietWeek: Study = {
  name: 'quiet-week',
  what: 'an ordinary week on 100 routes, in which nobody must be woken',
  data: 'requests/s, days and seed: 50:7:1, or a part of it: 50:1',
  run,
};
