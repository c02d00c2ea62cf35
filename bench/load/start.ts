import { cpuMicroseconds, residentMegabytes } from '../harness/cpu.ts';
import { bringUp, onSite, presentOf, rotated } from '../harness/ground.ts';
import { spread } from '../harness/statistics.ts';
import type { Call, Findings, Subject, Suite } from '../harness/suite.ts';
import { ranged, short, table } from '../harness/wording.ts';
import { haproxy, hello, plainNginx } from './floors.ts';
import { fullAiGateway, fullGateway } from './gateway.ts';
import { gatewaySize, sizeOf } from './install-size.ts';
import { CHAT_1KB } from './messages.ts';
import { litellm } from './peers/litellm.ts';
import { LITELLM, PORTKEY } from './peers/places.ts';
import { portkey } from './peers/portkey.ts';
import { chatUpstream } from './upstreams.ts';

const WHAT =
  'from the start of the process to its first answer; memory then; what an installation takes on the disk';

interface Start {
  ms: number;
  cpuMs: number;
  megabytes: number;
}

async function run(call: Call): Promise<Findings> {
  const api = fullGateway();
  const named = (subject: Subject, name: string): Subject => ({ ...subject, name });
  const subjects: Subject[] = [
    plainNginx(),
    haproxy(),
    hello(),
    named(api, 'gateway, one route'),
    named(fullAiGateway(), 'gateway, one model'),
    portkey(),
    litellm(),
  ];
  const { present, missing } = presentOf(subjects, call);
  const starts: Record<string, Start[]> = Object.fromEntries(present.map(({ name }) => [name, []]));
  await onSite(chatUpstream(), CHAT_1KB, call, async (site) => {
    for (let round = 0; round < call.effort.rounds * (call.effort.isSmoke ? 1 : 2); round++) {
      for (const subject of rotated(present, round)) {
        const began = performance.now();
        const { started } = await bringUp(site, { ...subject, prove: async () => undefined }, CHAT_1KB);
        const ms = performance.now() - began;
        const start = {
          ms,
          cpuMs: cpuMicroseconds(started.pid) / 1000,
          megabytes: residentMegabytes(started.pid),
        };
        starts[subject.name]?.push(start);
        call.say(
          `${subject.name}: ${short(ms)} ms, ${short(start.cpuMs)} ms of CPU, ${short(start.megabytes)} MB`,
        );
        await started.stop();
      }
    }
  });
  const over = (name: string, figure: (start: Start) => number) => spread((starts[name] ?? []).map(figure));
  const rows = present.map(({ name }) => [
    name,
    ranged(over(name, (s) => s.ms)),
    ranged(over(name, (s) => s.cpuMs)),
    short(over(name, (s) => s.megabytes).median),
  ]);
  const sizes = call.effort.isSmoke
    ? []
    : [await gatewaySize(), sizeOf('Portkey', PORTKEY.home), sizeOf('LiteLLM', LITELLM.home)];
  return {
    facts: [
      'a fresh process for each start, files in the page cache; the first answer may be a 404 or 401: it serves',
    ],
    subjects: present,
    missing,
    sections: [
      `## to the first answer\n\n${table(['subject', 'ms', 'CPU ms', 'RSS MB then'], rows)}`,
      ...(sizes.length > 0
        ? [
            `## on the disk\n\n${table(
              ['installation', 'MB', 'packages'],
              sizes.map(({ name, megabytes, packages }) => [name, short(megabytes), packages]),
            )}`,
          ]
        : []),
    ],
    reading:
      'Medians, ranges in brackets; twice as many starts as rounds. The clock runs from the spawning of the process until its first answer has come, asked for every 20 ms.',
    bottlenecks: [],
    data: { starts, sizes },
  };
}

/** How soon the gateway serves. */
export const startSuite = (): Suite => ({ name: 'start', what: WHAT, run });
