// How a run of the exam is judged: what was found of a fault, where, and what else was said.
import type { Detection } from '../../src/contracts/finding.ts';
import type { Scope } from '../../src/contracts/signal.ts';
import type { Fault } from './faults.ts';

/** Below 50 requests/s there are too few to go by for what the times are written for. */
export const THIN_PATIENCE = 3;

export interface Opened {
  /** Seconds after the first scenario began; below 0: before it. */
  readonly after: number;
  readonly detection: Detection;
}

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
export const isAbout = ({ where }: Detection, fault: Fault): boolean =>
  where.scopes.some((scope) =>
    fault.places.some((place) =>
      Object.entries(place).every(([key, value]) => (scope[key as keyof Scope] ?? value) === value),
    ),
  );

/** What was said, in a line. */
export function lineOf({ after, detection }: Opened): string {
  const { detector, what, reason, where, cause } = detection;
  const places = where.scopes.map(
    (scope) =>
      Object.entries(scope)
        .map((each) => each.join('='))
        .join(' & ') || '*',
  );
  return `${after.toFixed(0)} s: ${detector}/${what.signal}${reason && `:${reason}`} at ${places.join(' | ')}; ${cause.kind}`;
}

/** @param scenario a fault, or a decoy: of which nothing is right */
export function judged(
  scenario: { readonly name: string; readonly kind: string },
  rps: number,
  seed: number,
  opened: readonly Opened[],
): Judged {
  const fault = scenario.kind === 'fault' ? (scenario as Fault) : undefined;
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

const share = (part: number, whole: number): string => (whole === 0 ? '–' : (part / whole).toFixed(2));

/** The scores, by requests a second and by seeds that were tuned on and not. */
export function scoreTable(all: readonly Judged[]): string {
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

/** The faults that were not found as they should be, and what was said that is not so. */
export function missedTable(all: readonly Judged[]): string {
  const missed = all.filter(
    (each) => (each.isFault ? !each.inTime || !each.isExact || !each.isCause : false) || each.wrong > 0,
  );
  const lines = missed.map(
    ({ scenario, rps, seed, after, said }) =>
      `| ${scenario} | ${rps} | ${seed} | ${after === null ? 'not found' : `${after.toFixed(0)} s`} | ${said.join('<br>')} |`,
  );
  return [
    '| scenario | requests/s | seed | found after | what was said |',
    '| --- | ---: | ---: | ---: | --- |',
    ...lines,
  ].join('\n');
}
