import { interval, keeps, spread } from '../../harness/statistics.ts';
import { ranged, table, within } from '../../harness/wording.ts';
import { AROUND, EARLY, LATE, type Moment, WINDOW } from './flat.ts';

/** How many times what turn 20 takes turn 200 may take. */
const GROWS_AT_MOST = 1.3;

/** @param runs all moments of all rounds, in their order @param model that is asked */
export function flatSection(runs: readonly Moment[], model: string): string {
  const groups = Map.groupBy(runs, ({ store, sends }) => `${store}, ${sends} is sent`);
  const rows = [...groups].map(([name, of]) => {
    const early = of.filter(({ turn }) => turn === EARLY);
    const late = of.filter(({ turn }) => turn === LATE);
    const grown = (figure: (moment: Moment) => number) =>
      interval(late.map((moment, round) => figure(moment) / figure(early[round] ?? moment)));
    const over = (moments: readonly Moment[], figure: (moment: Moment) => number): string =>
      ranged(spread(moments.map(figure)));
    const bounded = (figure: (moment: Moment) => number): string[] => {
      const ratio = grown(figure);
      return [over(early, figure), over(late, figure), within(ratio), keeps(GROWS_AT_MOST, ratio)];
    };
    return [
      name,
      ...bounded((moment) => moment.firstTokenMs),
      ...bounded((moment) => moment.promptTokens),
      over(early, (moment) => moment.withoutMs),
      over(late, (moment) => moment.withoutMs),
      within(grown((moment) => moment.withoutMs)),
    ];
  });
  const bounded = (what: string): string[] => [
    `${what}, turn ${EARLY}`,
    `turn ${LATE}`,
    'in a round, ÷',
    `at most ${GROWS_AT_MOST}`,
  ];
  return `## late in a conversation and early, within ${WINDOW} tokens: ${model}\n\nOf the ${AROUND} turns before turn ${EARLY} and turn ${LATE} and those after.\n\n${table(
    [
      'store, what is sent',
      ...bounded('first token, p50 ms'),
      ...bounded('tokens of the prompt, mean'),
      `the same body of no conversation, p50 ms, turn ${EARLY}`,
      `turn ${LATE}`,
      'in a round, ÷',
    ],
    rows,
  )}`;
}
