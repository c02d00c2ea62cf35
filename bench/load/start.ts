import { type Comparison, compared } from '../harness/compare.ts';
import { cpuMicroseconds, residentMegabytes, tick } from '../harness/cpu.ts';
import { bringUp, onSite, presentOf, rotated, type Site } from '../harness/ground.ts';
import { busiest, LoadShare, loadsOwn } from '../harness/load-share.ts';
import { type Spread, spread } from '../harness/statistics.ts';
import type { Call, Case, Findings, Subject, Suite } from '../harness/suite.ts';
import { comparisonTable, ranged, short, table } from '../harness/wording.ts';
import { peers } from './ai.ts';
import { BUILT_MAIN, buildObstacle } from './built.ts';
import { chatHello, haproxy, hello, plainNginx } from './floors.ts';
import { FULL, fullAiGateway, gateway } from './gateway.ts';
import { type InstallSize, installSizes } from './install-size.ts';
import { CHAT_1KB, POST_1KB } from './messages.ts';
import { chatUpstream, itemsUpstream } from './upstreams.ts';

const WHAT =
  'from the start of the process to its first right answer; memory then; what an installation takes on the disk';

const STARTS_A_ROUND = 2;

interface Start {
  ms: number;
  cpuMs: number;
  megabytes: number;
  /** What of a core the bench's own process had, which starts it and asks: 0 to 1. */
  loadBusy: number;
}

/** What has to be answered before it counts as started. */
interface Starter {
  asked: Case;
  subject: Subject;
}

const SOURCES = 'gateway, one route';
const BUILT = 'gateway, one route, as built';
const ONE_MODEL = 'gateway, one model';

const api = (): Subject[] => [
  plainNginx(),
  haproxy(),
  hello(),
  gateway({ ...FULL, name: SOURCES, what: `${FULL.what}; the sources, as npm start runs them` }),
  {
    ...gateway({
      ...FULL,
      name: BUILT,
      what: 'the same as JavaScript, as the command and the image run it',
      main: BUILT_MAIN,
    }),
    missing: () => buildObstacle(),
  },
];

const ai = (): Subject[] => [
  { ...chatHello(), name: 'node:http hello, chat' },
  { ...fullAiGateway(), name: ONE_MODEL },
  ...peers(),
];

const starters = (): Starter[] => [
  ...api().map((subject) => ({ asked: POST_1KB, subject })),
  ...ai().map((subject) => ({ asked: CHAT_1KB, subject })),
];

async function startOnce(site: Site, { subject, asked }: Starter): Promise<Start> {
  const load = new LoadShare();
  const began = performance.now();
  const unproved = { ...subject, prove: async () => undefined };
  const { started } = await load.during(() => bringUp(site, unproved, asked, 'right'));
  const ms = performance.now() - began;
  const cpuMs = cpuMicroseconds(started.pid) / 1000;
  const megabytes = residentMegabytes(started.pid);
  await started.stop();
  return { ms, cpuMs, megabytes, loadBusy: load.share };
}

/** A spread of what the kernel counts in ticks: below one it is not nothing, but less than that. */
export function ticked({ median, min, max }: Spread, tickMs: number): string {
  const text = (ms: number): string => (ms < tickMs ? `< ${tickMs}` : short(ms));
  return max < tickMs ? text(max) : `${text(median)} (${text(min)}–${text(max)})`;
}

async function run(call: Call): Promise<Findings> {
  const all = starters();
  const { present, missing } = presentOf(
    all.map(({ subject }) => subject),
    call,
  );
  const here = all.filter(({ subject }) => present.includes(subject));
  const rounds = call.effort.rounds * (call.effort.isSmoke ? 1 : STARTS_A_ROUND);
  const starts: Record<string, Start[]> = Object.fromEntries(present.map(({ name }) => [name, []]));
  await onSite(itemsUpstream(), POST_1KB, call, (items) =>
    onSite(chatUpstream(), CHAT_1KB, call, async (chat) => {
      for (let round = 0; round < rounds; round++) {
        for (const starter of rotated(here, round)) {
          const start = await startOnce(starter.asked === CHAT_1KB ? chat : items, starter);
          const { name } = starter.subject;
          starts[name]?.push(start);
          call.say(
            `${name}: ${short(start.ms)} ms, ${short(start.cpuMs)} ms of CPU, ${short(start.megabytes)} MB`,
          );
        }
      }
    }),
  );
  const sizes = call.effort.isSmoke ? [] : installSizes();
  const loads = Object.entries(starts).flatMap(([what, all]) =>
    all.map(({ loadBusy }) => ({ what, share: loadBusy })),
  );
  return {
    effort: `${call.effort.rounds * STARTS_A_ROUND} starts each, in turns`,
    facts: [
      'a fresh process for each start, files in the page cache; what npm start runs finds what Node compiled at an earlier start (NODE_COMPILE_CACHE), all others compile anew',
      'each is asked for what it is there for: gateways of models and the hello beside them for a chat, the others for a POST of 1 kB; an answer that is not 200 and byte for byte the right one is none',
      busiest('the bench’s own process, which starts it and asks with one request at a time', loads),
    ],
    subjects: present,
    missing,
    sections: [startsSection(starts), ...(sizes.length > 0 ? [sizesSection(sizes)] : [])],
    reading:
      'Medians, ranges in brackets. The clock runs from the spawning of the process until its first right answer has come, asked for every 20 ms.',
    bottlenecks: loadsOwn(loads),
    data: { starts, sizes },
  };
}

function startsSection(starts: Readonly<Record<string, Start[]>>): string {
  const values = (name: string, figure: (start: Start) => number) => (starts[name] ?? []).map(figure);
  const tickMs = tick() / 1000;
  const rows = Object.keys(starts).map((name) => [
    name,
    ranged(spread(values(name, (s) => s.ms))),
    ticked(spread(values(name, (s) => s.cpuMs)), tickMs),
    short(spread(values(name, (s) => s.megabytes)).median),
  ]);
  const comparisons = [
    { subject: BUILT, against: SOURCES },
    { subject: ONE_MODEL, against: 'Portkey' },
    { subject: ONE_MODEL, against: 'LiteLLM' },
  ]
    .filter(({ subject, against }) => [subject, against].every((name) => starts[name]?.length))
    .map(
      ({ subject, against }): Comparison =>
        compared(
          subject,
          against,
          values(subject, (s) => s.ms),
          values(against, (s) => s.ms),
        ),
    );
  return [
    '## to the first right answer',
    table(['subject', 'ms', 'CPU ms', 'RSS MB then'], rows),
    ...comparisonTable(['time, paired by start', 'ratio', 'ms'], comparisons),
  ].join('\n\n');
}

function sizesSection(sizes: readonly InstallSize[]): string {
  const rows = sizes.map(({ name, megabytes, packages }) => [
    name,
    short(megabytes),
    Number.isNaN(packages) ? '–' : String(packages),
  ]);
  return [
    '## on the disk',
    table(['installation', 'MB', 'packages'], rows),
    sizes.map(({ name, what }) => `- **${name}**: ${what}`).join('\n'),
    'Lengths of the files added up, whatever blocks they take. A dash: not there, or not counted; what is built only counts where it is of these sources.',
  ].join('\n\n');
}

/** How soon the gateway serves. */
export const startSuite = (): Suite => ({ name: 'start', what: WHAT, run });
