import type { Findings, Study } from '../studies/study.ts';
import { DECOYS, FAULTS, type Fault, PAIRS, type Scenario } from './faults.ts';
import { isAbout, type Judged, judged, missedTable, scoreTable, THIN_PATIENCE } from './judge.ts';
import { runVirtual } from './virtual-run.ts';

const WARM_UP_MINUTES = 20;
const DECOY_MINUTES = 8;

function judge(scenario: Scenario & { kind: string }, rps: number, seed: number): Judged {
  const fault = scenario.kind === 'fault' ? (scenario as Fault) : undefined;
  const { opened } = runVirtual({
    rps,
    seed,
    warmUpMinutes: WARM_UP_MINUTES,
    minutes: fault?.minutes ?? DECOY_MINUTES,
    scenarios: [scenario],
  });
  return judged(scenario, rps, seed, opened);
}

/** Two faults at once, in different places: whether each has a finding of its own. */
function judgePair(
  [a, b]: readonly [string, string],
  rps: number,
  seed: number,
): { pair: string; found: number; findings: number } {
  const faults = [a, b].map((name) => FAULTS.find((each) => each.name === name) as Fault);
  const { opened } = runVirtual({
    rps,
    seed,
    warmUpMinutes: WARM_UP_MINUTES,
    minutes: 10,
    scenarios: faults,
  });
  const found = faults.filter((fault) =>
    opened.some(({ after, detection }) => after > 0 && isAbout(detection, fault)),
  );
  return { pair: `${a} + ${b}`, found: found.length, findings: opened.length };
}

/** `50:1-3` → [[50, 1], [50, 2], [50, 3]]; several with commas. */
function slices(text: string): [number, number][] {
  return text.split(',').flatMap((each) => {
    const [rps = 50, seeds = '1'] = each.split(':') as [number | string, string];
    const [from = 1, to = from] = seeds.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i): [number, number] => [Number(rps), from + i]);
  });
}

function run(what: string): Findings {
  const all: Judged[] = [];
  const pairs: ReturnType<typeof judgePair>[] = [];
  for (const [rps, seed] of slices(what)) {
    for (const scenario of [...FAULTS, ...DECOYS]) {
      all.push(judge(scenario, rps, seed));
      process.stderr.write(`${JSON.stringify(all.at(-1))}\n`);
    }
    for (const pair of PAIRS) pairs.push(judgePair(pair, rps, seed));
  }
  return { markdown: reported(all, pairs), data: { judged: all, pairs } };
}

/** The report, of however many runs there were. */
function reported(all: readonly Judged[], pairs: readonly ReturnType<typeof judgePair>[]): string {
  const twoFound = pairs.filter(({ found }) => found === 2).length;
  return `Mode *engine*: virtual time through the real signal writer and the real engine; ${WARM_UP_MINUTES} minutes of ordinary traffic first. Below 50 requests/s a fault may take ${THIN_PATIENCE} times as long. "Found" is a finding that began with the fault and names no other place.

${scoreTable(all)}

Two faults at once: ${twoFound} of ${pairs.length} pairs gave a finding for each.

What was missed, or said wrongly:

${missedTable(all)}
`;
}

export const exam: Study = {
  name: 'exam',
  what: 'faults with a known truth, and decoys, through the hypercare engine in virtual time',
  data: 'which requests/s and seeds: 50:1-5,500:1-2',
  run,
};
