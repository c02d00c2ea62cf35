import { type Comparison, comparedBy, type Figures } from '../harness/compare.ts';
import type { ByRound } from '../harness/one-at-a-time.ts';
import { interval, keeps, spread } from '../harness/statistics.ts';
import type { Call, Case, Findings, Pair, Subject, Suite, Upstream } from '../harness/suite.ts';
import { comparedOf, comparisonTable, table, thousands, within } from '../harness/wording.ts';
import { pairsOf, peers } from './ai.ts';
import { flaggedDispatch, haproxy, plainNginx, rawDispatch } from './floors.ts';
import { fullAiGateway, fullGateway } from './gateway.ts';
import { type Lived, live } from './memory-lived.ts';
import { CHAT_1KB, POST_1KB } from './messages.ts';
import { portkey } from './peers/portkey.ts';
import { chatUpstream, itemsUpstream } from './upstreams.ts';

const WHAT = 'memory after a million requests';
const REQUESTS = 1_000_000;
/** For ours and the floors, which are there before that unless the machine is slow. */
const WITHIN_SECONDS = 400;
/** For the gateways of others, which would take from twenty minutes to hours. */
const PEER_WITHIN_SECONDS = 25;
/** How many times what the middle third of a run has the last may have: memory is flat then. */
const GROWS_AT_MOST = 1.05;

/** Megabytes. */
const FIGURES: Figures<Lived> = {
  'RSS at start': ({ atStart }) => atStart,
  'first third': ({ thirds }) => thirds.first,
  'middle third': ({ thirds }) => thirds.middle,
  'last third': ({ thirds }) => thirds.last,
  'at most': ({ samples }) => Math.max(...samples),
  'at the end': ({ samples }) => samples.at(-1) ?? Number.NaN,
};

interface Work {
  name: string;
  asked: Case;
  upstream: Upstream;
  subjects: readonly Subject[];
  pairs: readonly Pair[];
}

function works(): Work[] {
  const [flagged, full, fullAi] = [flaggedDispatch(), fullGateway(), fullAiGateway()];
  return [
    {
      name: 'a million requests, POST of 1 kB',
      asked: POST_1KB,
      upstream: itemsUpstream(),
      subjects: [plainNginx(), haproxy(), rawDispatch(), flagged, full],
      pairs: pairsOf(full, [flagged]),
    },
    {
      name: 'a million calls to models, chat of 1 kB',
      asked: CHAT_1KB,
      upstream: chatUpstream(),
      subjects: [fullAi, ...peers()],
      pairs: pairsOf(fullAi, [portkey()]),
    },
  ];
}

async function run(call: Call): Promise<Findings> {
  const { isSmoke, rounds } = call.effort;
  const sections: string[] = [];
  const comparisons: Comparison[] = [];
  const present: Subject[] = [];
  const missing: { subject: string; why: string }[] = [];
  const lived: Record<string, ByRound<Lived>> = {};
  const arePeers = new Set(peers().map(({ name }) => name));
  const withinSeconds = (subject: string): number =>
    isSmoke ? 1 : arePeers.has(subject) ? PEER_WITHIN_SECONDS : WITHIN_SECONDS;
  for (const work of works()) {
    const found = await live({ ...work, requests: isSmoke ? 40 : REQUESTS, withinSeconds }, call);
    const told = comparedBy(found.found, work.pairs, FIGURES);
    lived[work.name] = found.found;
    comparisons.push(...told);
    present.push(...found.present);
    missing.push(...found.missing);
    sections.push(livesSection(work.name, found.found, told));
  }
  return {
    effort: `${rounds} interleaved rounds; in each a fresh process for each subject and table, one at a time`,
    facts: [
      'a million requests a process, of which the first third warms it up; 64 connections kept alive, saturated; the floors in Node run with the flags of Node unless their name says ours',
      `the gateways of others have ${PEER_WITHIN_SECONDS} s in each round and not a million requests: what more of them would take is not known`,
      'no generator can be the bottleneck of these figures: they are of a process after so many requests on so many connections, which take longer with a slower one',
      ...Object.values(lived).flatMap((table) => unfinished(table, arePeers)),
    ],
    // Two tables may have a subject of the same name: what each does stands with both.
    subjects: present,
    missing,
    sections,
    reading: [
      `RSS of the process and its children, MB: medians of the rounds, in brackets their confidence interval; requests are medians with their range. Of a third of a run it is the median of what was read every two seconds. Memory is flat where the interval of last ÷ middle ends at ${GROWS_AT_MOST} or below ("no": it begins above, "not told": it holds that bound), as far as the requests that were made can tell.`,
      ...comparedOf(comparisons),
    ].join(' '),
    bottlenecks: [],
    data: { lived, comparisons },
  };
}

/** Rounds in which the time had ended before a million requests were made, but those of peers, of whom nothing else is expected. */
const unfinished = (lived: ByRound<Lived>, arePeers: ReadonlySet<string>): string[] =>
  Object.entries(lived)
    .filter(([subject]) => !arePeers.has(subject))
    .flatMap(([subject, rounds]) =>
      rounds.flatMap(({ requests, endedAfterSeconds }, round) =>
        endedAfterSeconds === undefined
          ? []
          : [
              `**not a million: ${subject}** made ${requests.toLocaleString('en')} in ${endedAfterSeconds} s of round ${round + 1}`,
            ],
      ),
    );

/** What a table says of how many requests a subject has had. */
function requestsOf(rounds: readonly Lived[]): string {
  const ended = rounds.filter(({ endedAfterSeconds }) => endedAfterSeconds !== undefined);
  const made = thousands(spread(rounds.map(({ requests }) => requests)));
  if (ended.length === 0) return made;
  const often = ended.length === rounds.length ? '' : ` in ${ended.length} of ${rounds.length} rounds`;
  return `${made}, ended after ${ended[0]?.endedAfterSeconds} s${often}`;
}

/** The part of a report that is about one kind of request. */
export function livesSection(
  name: string,
  lived: ByRound<Lived>,
  comparisons: readonly Comparison[],
): string {
  const rows = Object.entries(lived).map(([subject, rounds]) => {
    const grown = interval(rounds.map(({ thirds }) => thirds.last / thirds.middle));
    return [
      subject,
      requestsOf(rounds),
      ...Object.values(FIGURES).map((figure) => within(interval(rounds.map(figure)))),
      within(grown),
      keeps(GROWS_AT_MOST, grown),
    ];
  });
  return [
    `## ${name}`,
    table(
      ['subject', 'requests', ...Object.keys(FIGURES), 'last ÷ middle', `flat (at most ${GROWS_AT_MOST})`],
      rows,
    ),
    ...comparisonTable(['RSS, paired by round', 'ratio', 'MB'], comparisons),
  ].join('\n\n');
}

/** How much memory the gateway takes, and whether it stays so. */
export const memorySuite = (): Suite => ({ name: 'memory', what: WHAT, run });
