import type { Findings, Study } from '../../studies/study.ts';
import { Chance } from '../chance.ts';
import { FAULTS, type Fault } from '../faults.ts';
import { type Judged, judged, missedTable, scoreTable, THIN_PATIENCE } from '../judge.ts';
import { openHouse } from './house.ts';
import { LIVE, type LiveStage } from './live-faults.ts';
import { visits } from './visits.ts';

const TICK_SECONDS = 10;
const WARM_UP_TICKS = 120;
/** Ticks that are watched after it was found: whether more is said than there is. */
const AFTERWARDS = 24;

async function examine(fault: Fault, requestsPerSecond: number, seed: number): Promise<Judged> {
  const live = LIVE[fault.name];
  if (!live) throw new Error(`the exam’s ${fault.name} has no counterpart on real HTTP`);
  const chance = new Chance(seed);
  const requestsPerTick = requestsPerSecond * TICK_SECONDS;
  const house = await openHouse(chance, requestsPerTick);
  try {
    const habits = { race: 0 };
    let tick = 0;
    const stage: LiveStage = {
      house,
      chance,
      habits,
      requestsPerTick,
      seconds: () => Math.max(0, tick - WARM_UP_TICKS) * TICK_SECONDS,
    };
    const { causes = fault.causes } = live;
    const known: Fault = { ...fault, causes, places: live.places?.(house) ?? fault.places };
    const opened = () =>
      house.opened.map(({ tick: at, detection }) => ({
        after: (at - WARM_UP_TICKS) * TICK_SECONDS,
        detection,
      }));
    let last = WARM_UP_TICKS + fault.minutes * 6;
    let isFound = false;
    for (; tick < last; tick++) {
      if (tick === WARM_UP_TICKS) await live.begin(stage);
      const more = tick >= WARM_UP_TICKS ? (live.more?.(stage) ?? []) : [];
      await visits(house, chance, requestsPerTick, habits, more);
      await house.tick();
      if (isFound || judged(known, requestsPerSecond, seed, opened()).after === null) continue;
      isFound = true;
      last = Math.min(last, tick + AFTERWARDS);
    }
    return judged(known, requestsPerSecond, seed, opened());
  } finally {
    await house.close();
  }
}

/** @param what `10`: requests a second; `10:bad instance,one region`: those faults alone */
async function run(what: string): Promise<Findings> {
  const [rps = '10', names = ''] = what.split(':');
  const faults = names === '' ? FAULTS : FAULTS.filter(({ name }) => names.split(',').includes(name));
  const all: Judged[] = [];
  for (const [at, fault] of faults.entries()) {
    const one = await examine(fault, Number(rps), at + 1);
    all.push(one);
    process.stderr.write(`${JSON.stringify(one)}\n`);
  }
  return { markdown: reported(all), data: { judged: all } };
}

const reported = (
  all: readonly Judged[],
): string => `Mode *live*: real requests through a real gateway to real services, a fault each; ticks pass by hand once their requests are answered, so that ten minutes take one. Times of services are a tenth of those in virtual time. ${(WARM_UP_TICKS * TICK_SECONDS) / 60} minutes of ordinary traffic first. Below 50 requests/s a fault may take ${THIN_PATIENCE} times as long.

${scoreTable(all)}

What was missed, or said wrongly:

${missedTable(all)}

All of them:

| fault | found after | what was said |
| --- | ---: | --- |
${all.map(({ scenario, after, said }) => `| ${scenario} | ${after === null ? 'not found' : `${after} s`} | ${said.join('<br>')} |`).join('\n')}
`;

export const examLive: Study = {
  name: 'exam-live',
  what: 'the exam’s faults on real HTTP, through the whole gateway',
  data: 'requests/s, and which faults: 10, or 10:bad instance,one region',
  run,
};
