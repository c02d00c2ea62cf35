import type { ProbeScript } from './script.ts';

/** One question of a probe, and whether it was answered as it should be. */
export interface ProbeAnswer {
  readonly fact: string;
  /** Turns of the user between planting and asking. */
  readonly distance: number;
  /** The planted fact came back, and nothing with it that must not. */
  readonly found: boolean;
  /** What came that must not. */
  readonly unwanted: readonly string[];
  /** `x-context-status` of the answer; '' if there was none. */
  readonly status: string;
  /** Where it was not found: the beginning of what was said instead. */
  readonly said: string;
}

/** Something that went otherwise than the script has it. */
export interface ProbeFault {
  /** From 1. */
  readonly step: number;
  readonly what: string;
}

export interface ProbeReport {
  readonly probe: string;
  readonly model: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  readonly turns: number;
  /**
   * `passed`; `partial`: so did what could be done, and some steps could not; `forgot`: too few facts came back; `broken`: it
   * could not be run to its end.
   */
  readonly outcome: 'passed' | 'partial' | 'forgot' | 'broken';
  /** Share of the questions whose fact came back; -1 = none was asked. */
  readonly recall: number;
  /** By distance. */
  readonly byDistance: Readonly<Record<string, { readonly asked: number; readonly found: number }>>;
  /** How often which `x-context-status` came. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly answers: readonly ProbeAnswer[];
  readonly faults: readonly ProbeFault[];
  /** Steps that could not be done here: their numbers. */
  readonly skipped: readonly number[];
}

const DISTANCES = [
  [4, '1-4'],
  [9, '5-9'],
  [19, '10-19'],
  [49, '20-49'],
  [Number.POSITIVE_INFINITY, '50+'],
] as const;

/** By what recall is told: `DISTANCES`, and all of them together. */
export const BANDS: readonly string[] = [...DISTANCES.map(([, band]) => band), 'all'];

const bandOf = (distance: number): string => DISTANCES.find(([most]) => distance <= most)?.[1] ?? '50+';

/** Of a run that came to its end or not. */
export function reportOf(
  script: ProbeScript,
  run: Omit<ProbeReport, 'probe' | 'outcome' | 'recall' | 'byDistance'> & { readonly isBroken: boolean },
): ProbeReport {
  const { isBroken, ...rest } = run;
  const { answers } = run;
  const byDistance: Record<string, { asked: number; found: number }> = {};
  for (const { distance, found } of answers) {
    const band = bandOf(distance);
    const sum = byDistance[band] ?? { asked: 0, found: 0 };
    byDistance[band] = { asked: sum.asked + 1, found: sum.found + (found ? 1 : 0) };
  }
  const recall = answers.length === 0 ? -1 : answers.filter(({ found }) => found).length / answers.length;
  const forgot = recall >= 0 && recall < (script.recall ?? 1);
  const passed = run.skipped.length > 0 ? 'partial' : 'passed';
  return {
    ...rest,
    probe: script.name,
    recall,
    byDistance,
    outcome: isBroken ? 'broken' : forgot ? 'forgot' : passed,
  };
}

/** Whether nothing went otherwise than the script has it, as far as it was run. */
export const isGood = ({ outcome }: ProbeReport): boolean => outcome === 'passed' || outcome === 'partial';

/** Which steps those were; '' if there were none. */
export const skippedText = ({ skipped }: ProbeReport): string =>
  skipped.length === 0
    ? ''
    : `not done here: ${skipped.length === 1 ? 'step' : 'steps'} ${skipped.join(', ')}`;

/** For a terminal. */
export function reportText(report: ProbeReport): string {
  const { probe, model, outcome, recall, turns, durationMs, byDistance, answers, faults, statuses } = report;
  const percent = recall < 0 ? 'nothing asked' : `recall ${(recall * 100).toFixed(0)} %`;
  const lines = [
    `${probe} on ${model}: ${outcome}, ${percent}, ${turns} turns in ${(durationMs / 1000).toFixed(1)} s`,
  ];
  for (const [, band] of DISTANCES) {
    const sum = byDistance[band];
    if (sum) lines.push(`  ${band.padEnd(6)} turns back: ${sum.found} of ${sum.asked}`);
  }
  const seen = Object.entries(statuses).map(([status, count]) => `${status} ${count}`);
  if (seen.length > 0) lines.push(`  context: ${seen.join(', ')}`);
  for (const { fact, distance, unwanted, said } of answers.filter(({ found }) => !found)) {
    const what = unwanted.length === 0 ? `forgot ${fact}` : `said ${unwanted.join(', ')} for ${fact}`;
    lines.push(`  ${what}, ${distance} turns back: “${said}”`);
  }
  for (const { step, what } of faults) lines.push(`  step ${step}: ${what}`);
  const skipped = skippedText(report);
  if (skipped !== '') lines.push(`  ${skipped}`);
  return lines.join('\n');
}
