import type { Detection } from '../../src/contracts/finding.ts';
import type { Scope } from '../../src/contracts/signal.ts';
import type { Findings, Study } from '../studies/study.ts';
import { DECOYS, FAULTS, type Fault, PAIRS, type Scenario } from './faults.ts';
import { type Opened, runVirtual } from './virtual-run.ts';

const WARM_UP_MINUTES = 20;
const DECOY_MINUTES = 8;
/** At 5 requests/s there are ten times fewer to go by than what the times are written for. */
const THIN_PATIENCE = 3;

export interface Judged {
  readonly scenario: string;
  readonly rps: number;
  readonly seed: number;
  readonly isFault: boolean;
  /** Seconds until the first finding at the fault's place; null: none. */
  readonly after: number | null;
  readonly inTime: boolean;
  readonly isExact: boolean;
  readonly isCause: boolean;
  /** Findings in all, those before it began among them, and those that have nothing to do with it. */
  readonly findings: number;
  readonly wrong: number;
  readonly said: readonly string[];
}

const same = (a: Scope, b: Scope): boolean => {
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return x.length === y.length && x.every(([key, value]) => b[key as keyof Scope] === value);
};
/** A target goes by its upstream, a prompt's version by its prompt: naming the owner, too, makes no other place. */
const OWNERS = ['upstream', 'provider', 'prompt', 'model', 'route'] as const;

function isAt(scope: Scope, place: Scope): boolean {
  if (same(scope, place)) return true;
  const named = Object.fromEntries(
    Object.entries(scope).filter(([key]) => key in place || !OWNERS.includes(key as 'route')),
  );
  const isOwned = 'target' in place || 'promptVersion' in place;
  return isOwned && same(named, place);
}

const isExact = ({ where }: Detection, fault: Fault): boolean =>
  where.scopes.length === 1 && fault.places.some((place) => isAt(where.scopes[0] ?? {}, place));

/** Whether a finding speaks of the fault: it began with it, and no value that it names is another than the fault's. */
const isAbout = ({ where }: Detection, fault: Fault): boolean =>
  where.scopes.some((scope) =>
    fault.places.some((place) =>
      Object.entries(place).every(([key, value]) => (scope[key as keyof Scope] ?? value) === value),
    ),
  );

function lineOf({ after, detection }: Opened): string {
  const { detector, what, reason, where, cause } = detection;
  const places = where.scopes.map(
    (scope) =>
      Object.entries(scope)
        .map((each) => each.join('='))
        .join(' & ') || '*',
  );
  return `${after.toFixed(0)} s: ${detector}/${what.signal}${reason && `:${reason}`} at ${places.join(' | ')}; ${cause.kind}`;
}

function judge(scenario: Scenario & { kind: string }, rps: number, seed: number): Judged {
  const fault = scenario.kind === 'fault' ? (scenario as Fault) : undefined;
  const { opened } = runVirtual({
    rps,
    seed,
    warmUpMinutes: WARM_UP_MINUTES,
    minutes: fault?.minutes ?? DECOY_MINUTES,
    scenarios: [scenario],
  });
  const right = fault ? opened.filter(({ after, detection }) => after > 0 && isAbout(detection, fault)) : [];
  const [first] = right;
  const patience = rps < 50 ? THIN_PATIENCE : 1;
  return {
    scenario: scenario.name,
    rps,
    seed,
    isFault: fault !== undefined,
    after: first?.after ?? null,
    inTime: fault !== undefined && first !== undefined && first.after <= fault.within * patience,
    isExact: fault !== undefined && first !== undefined && isExact(first.detection, fault),
    isCause: fault !== undefined && first !== undefined && fault.causes.includes(first.detection.cause.kind),
    findings: opened.length,
    wrong: opened.length - right.length,
    said: opened.map(lineOf),
  };
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

const share = (part: number, whole: number): string => (whole === 0 ? '–' : (part / whole).toFixed(2));

function table(all: readonly Judged[]): string {
  const groups = Map.groupBy(all, ({ rps, seed }) => `${rps} | ${seed <= 5 ? '1–5' : '6–10'}`);
  const rows = [...groups].map(([group, judged]) => {
    const faults = judged.filter(({ isFault }) => isFault);
    const found = faults.filter(({ after }) => after !== null);
    const count = (of: readonly Judged[], is: (one: Judged) => boolean): number => of.filter(is).length;
    const findings = judged.reduce((sum, each) => sum + each.findings, 0);
    const wrong = judged.reduce((sum, each) => sum + each.wrong, 0);
    const ofFaults = faults.reduce((sum, each) => sum + each.findings, 0);
    const decoys = judged.filter(({ isFault }) => !isFault);
    const cells = [
      group,
      String(faults.length),
      `${((12 * count(faults, ({ inTime }) => inTime)) / Math.max(1, faults.length)).toFixed(1)} of 12`,
      share(
        count(found, ({ isExact: is }) => is),
        found.length,
      ),
      share(
        count(found, ({ isCause }) => isCause),
        found.length,
      ),
      share(ofFaults, faults.length),
      share(findings - wrong, findings),
      `${count(decoys, ({ findings: n }) => n === 0)} of ${decoys.length}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| requests/s | seeds | fault runs | found in time | exact place | kind of cause | findings a fault | precision | silent decoys |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    '| target | | | 11 of 12 | ≥ .80 | ≥ .75 | ≤ 1.2 | ≥ .9 | all |',
    ...rows,
  ].join('\n');
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
  const judged: Judged[] = [];
  const pairs: ReturnType<typeof judgePair>[] = [];
  for (const [rps, seed] of slices(what)) {
    for (const scenario of [...FAULTS, ...DECOYS]) {
      judged.push(judge(scenario, rps, seed));
      process.stderr.write(`${JSON.stringify(judged.at(-1))}\n`);
    }
    for (const pair of PAIRS) pairs.push(judgePair(pair, rps, seed));
  }
  return { markdown: reported(judged, pairs), data: { judged, pairs } };
}

/** The report, of however many runs there were. */
export function reported(judged: readonly Judged[], pairs: readonly ReturnType<typeof judgePair>[]): string {
  const missed = judged.filter(
    (each) => (each.isFault ? !each.inTime || !each.isExact || !each.isCause : false) || each.wrong > 0,
  );
  const lines = missed.map(
    ({ scenario, rps, seed, after, said }) =>
      `| ${scenario} | ${rps} | ${seed} | ${after === null ? 'not found' : `${after.toFixed(0)} s`} | ${said.join('<br>')} |`,
  );
  const twoFound = pairs.filter(({ found }) => found === 2).length;
  return `Mode *engine*: virtual time through the real signal writer and the real engine; ${WARM_UP_MINUTES} minutes of ordinary traffic first. At 5 requests/s a fault may take three times as long. "Found" is a finding that began with the fault and names no other place.

${table(judged)}

Two faults at once: ${twoFound} of ${pairs.length} pairs gave a finding for each.

What was missed, or said wrongly:

| scenario | requests/s | seed | found after | what was said |
| --- | ---: | ---: | ---: | --- |
${lines.join('\n')}
`;
}

export const exam: Study = {
  name: 'exam',
  what: 'faults with a known truth, and decoys, through the hypercare engine in virtual time',
  data: 'which requests/s and seeds: 50:1-5,500:1-2',
  run,
};
