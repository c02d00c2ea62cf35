import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Findings, Study } from '../studies/study.ts';
import { type Examined, type Job, type JudgedPair, WARM_UP_MINUTES } from './examine.ts';
import { DECOYS, FAULTS, PAIRS } from './faults.ts';
import { type Judged, missedTable, scoreTable, THIN_PATIENCE } from './judge.ts';

/** `50:1-3` → [[50, 1], [50, 2], [50, 3]]; several with commas. */
function slices(text: string): [number, number][] {
  return text.split(',').flatMap((each) => {
    const [rps = 50, seeds = '1'] = each.split(':') as [number | string, string];
    const [from = 1, to = from] = seeds.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i): [number, number] => [Number(rps), from + i]);
  });
}

/** Every run by itself, on as many threads as there are cores. Results are in the order of the jobs. */
async function examineAll(jobs: readonly Job[]): Promise<Examined[]> {
  const results: Examined[] = [];
  const waiting = jobs.entries();
  await Promise.all(
    Array.from({ length: Math.min(availableParallelism(), jobs.length) }, async () => {
      const worker = new Worker(new URL('./exam-worker.ts', import.meta.url));
      try {
        for (const [at, job] of waiting) {
          worker.postMessage(job);
          const [examined] = (await once(worker, 'message')) as [Examined];
          results[at] = examined;
          process.stderr.write(`${JSON.stringify(examined)}\n`);
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  return results;
}

async function run(what: string): Promise<Findings> {
  const jobs = slices(what).flatMap(([rps, seed]): Job[] => [
    ...[...FAULTS, ...DECOYS].map(({ name }): Job => ({ names: [name], rps, seed })),
    ...PAIRS.map((names): Job => ({ names, rps, seed })),
  ]);
  const results = await examineAll(jobs);
  const judged = results.flatMap((each) => ('one' in each ? [each.one] : []));
  const pairs = results.flatMap((each) => ('pair' in each ? [each.pair] : []));
  return { markdown: reported(judged, pairs), data: { judged, pairs } };
}

/** The report, of however many runs there were. */
function reported(all: readonly Judged[], pairs: readonly JudgedPair[]): string {
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
