import { localise } from '../../src/hypercare/localisation/localise.ts';
import { nameOf, type RsCase, readCases } from './rs-cases.ts';
import type { Findings, Study } from './study.ts';

/** Counts only: the data's own places are not ours to publish. */
interface Judged {
  name: string;
  truth: number;
  found: number;
  right: number;
  isTopRight: boolean;
  milliseconds: number;
}

function judge(each: RsCase): Judged {
  const began = performance.now();
  const places = localise(each.leaves);
  const milliseconds = performance.now() - began;
  const found = places.map(({ conditions }) =>
    nameOf(each.dimensions, (dimension) => {
      const condition = conditions.find((c) => each.dimensions[c.dimension] === dimension);
      return condition && each.values[condition.dimension]?.[condition.value];
    }),
  );
  return {
    name: each.name,
    truth: each.truth.size,
    found: found.length,
    right: found.filter((place) => each.truth.has(place)).length,
    isTopRight: each.truth.has(found[0] ?? ''),
    milliseconds,
  };
}

const share = (value: number): string => value.toFixed(3);

function run(path: string): Findings {
  const judged = readCases(path).map(judge);
  const sum = (of: (one: Judged) => number): number => judged.reduce((all, one) => all + of(one), 0);
  const right = sum((one) => one.right);
  const found = sum((one) => one.found);
  const truth = sum((one) => one.truth);
  const f1 = (2 * right) / (found + truth);
  const top1 = sum((one) => Number(one.isTopRight)) / judged.length;
  const slowest = Math.max(...judged.map(({ milliseconds }) => milliseconds));
  const missed = judged.filter((one) => one.right < one.truth || one.found > one.truth);
  const markdown = `${judged.length} cases. **F1 of exact sets ${share(f1)}** (precision ${share(right / found)}, recall ${share(right / truth)}), **top-1 ${share(top1)}**. Slowest case ${slowest.toFixed(0)} ms.

Cases that were not met exactly:

| case | true places | found | right |
| --- | ---: | ---: | ---: |
${missed.map((one) => `| ${one.name} | ${one.truth} | ${one.found} | ${one.right} |`).join('\n')}
`;
  return {
    markdown,
    data: { cases: judged.length, f1, precision: right / found, recall: right / truth, top1, judged },
  };
}

export const localisation: Study = {
  name: 'localisation',
  what: 'the place of an excess: exact sets found on root-cause cases with a known truth',
  data: 'a folder of RS cases: CSV files and anomaly.yaml',
  run,
};
