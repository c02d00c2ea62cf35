import { type Report, refusal } from './report.ts';

/** What of its flags decides what becomes of a run. */
export interface RunFlags {
  only?: string | undefined;
  profile?: string | undefined;
  anyway?: boolean | undefined;
}

/** What becomes of a run. */
export interface Outcome {
  /** Whether its report is written to `results/`. */
  isWritten: boolean;
  /** Sentences for who has started it. */
  says: readonly string[];
  exitCode: 0 | 1;
}

/** Only the report of a whole run is written; a run whose load was the bottleneck fails, whether it is one or not. */
export function outcomeOf(
  report: Pick<Report, 'effort' | 'otherWork'> & { findings: Pick<Report['findings'], 'bottlenecks'> },
  { only, profile, anyway = false }: RunFlags,
): Outcome {
  const isPart = only !== undefined || profile !== undefined;
  const refused = isPart || anyway ? null : refusal(report);
  const isOfLoad = report.findings.bottlenecks.length > 0;
  const says: string[] = [];
  if (isPart)
    says.push(
      `Not written: ${only === undefined ? 'who is profiled is slower' : '--only leaves subjects out'}.`,
    );
  if (refused !== null) says.push(`NOT WRITTEN: ${refused}. With --anyway it is.`);
  if (isOfLoad) says.push('FAILED: the load was the bottleneck of what is named above, and is marked there.');
  return {
    isWritten: !isPart && refused === null,
    says,
    exitCode: refused !== null || isOfLoad ? 1 : 0,
  };
}
