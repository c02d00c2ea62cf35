import { interval, keeps, spread } from '../../harness/statistics.ts';
import { ranged, short, table, within } from '../../harness/wording.ts';
import type { Cost } from './cost.ts';

/** Milliseconds that a conversation may cost at the median. */
const MORE_AT_MOST = 1;

/** @param runs all costs of all rounds @param floors what the machine itself takes */
export function costSection(runs: readonly Cost[], floors: string): string {
  const groups = Map.groupBy(runs, ({ store, turns, sends }) => `${store}, ${turns} turns, ${sends} is sent`);
  const rows = [...groups].map(([name, of]) => {
    const over = (figure: (cost: Cost) => number) => of.map(figure);
    const more = interval(over((cost) => cost.moreThanBody));
    // Who sends all of it sends the prompt.
    const prompt = of[0]?.sends !== 'all of it';
    return [
      name,
      ranged(spread(over((cost) => cost.with))),
      ranged(spread(over((cost) => cost.body))),
      prompt ? ranged(spread(over((cost) => cost.prompt))) : 'the same body',
      within(more),
      keeps(MORE_AT_MOST, more),
      prompt ? within(interval(over((cost) => cost.moreThanPrompt))) : '',
      short(spread(over((cost) => cost.trips)).median),
    ];
  });
  return `## a request with its conversation, and without\n\nWhat the machine itself takes, at the median of single ones: ${floors}.\n\n${table(
    [
      'store, length of the conversation',
      'p50 ms with it',
      'the same body, of none',
      'the same prompt, of none',
      'ms more than the same body',
      `at most ${MORE_AT_MOST}`,
      'ms more than the same prompt',
      'round trips more',
    ],
    rows,
  )}`;
}
