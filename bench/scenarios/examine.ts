// One run of the exam, as it is done in a thread of its own.
import { DECOYS, FAULTS, type Fault, type Scenario } from './faults.ts';
import { isAbout, type Judged, judged } from './judge.ts';
import { runVirtual } from './virtual-run.ts';

export const WARM_UP_MINUTES = 20;
const DECOY_MINUTES = 8;
const PAIR_MINUTES = 10;

/** A fault or decoy by its name, or two faults at once. */
export interface Job {
  readonly names: readonly [string] | readonly [string, string];
  readonly rps: number;
  readonly seed: number;
}

/** Two faults at once, in different places: whether each has a finding of its own. */
export interface JudgedPair {
  readonly pair: string;
  readonly found: number;
  readonly findings: number;
}

export type Examined = { readonly one: Judged } | { readonly pair: JudgedPair };

export const examine = ({ names: [name, other], rps, seed }: Job): Examined =>
  other === undefined
    ? { one: judgeOne(name, rps, seed) }
    : { pair: judgePair([faultOf(name), faultOf(other)], rps, seed) };

const faultOf = (name: string): Fault => FAULTS.find((each) => each.name === name) as Fault;

function judgeOne(name: string, rps: number, seed: number): Judged {
  const scenario = [...FAULTS, ...DECOYS].find((each) => each.name === name) as Scenario & { kind: string };
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

function judgePair(faults: readonly [Fault, Fault], rps: number, seed: number): JudgedPair {
  const { opened } = runVirtual({
    rps,
    seed,
    warmUpMinutes: WARM_UP_MINUTES,
    minutes: PAIR_MINUTES,
    scenarios: faults,
  });
  const found = faults.filter((fault) =>
    opened.some(({ after, detection }) => after > 0 && isAbout(detection, fault)),
  );
  return {
    pair: faults.map(({ name }) => name).join(' + '),
    found: found.length,
    findings: opened.length,
  };
}
