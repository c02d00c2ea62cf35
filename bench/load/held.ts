import { type Comparison, comparedBy, type Figures } from '../harness/compare.ts';
import { busiest, loadsOwn } from '../harness/load-share.ts';
import type { ByRound } from '../harness/one-at-a-time.ts';
import { LOAD_CORE } from '../harness/pinning.ts';
import { interval } from '../harness/statistics.ts';
import type { Call, Case, Findings, LeftOut, Subject, Suite, Upstream } from '../harness/suite.ts';
import { comparedOf, comparisonTable, table, within } from '../harness/wording.ts';
import { pairsOf } from './ai.ts';
import type { Reading } from './clients/reading.ts';
import { haproxy, multiplexingHaproxy, rawDispatch, startNode, streamingNginx } from './floors.ts';
import { fullGateway, streamingGateway } from './gateway.ts';
import { ASKED_BEFORE, type Held, hold } from './memory-held.ts';
import { GET_1KB } from './messages.ts';

const WHAT =
  'memory of what is held: 10,000 idle connections, 1,000 clients that read slowly and 1,000 that read nothing, 12,000 event streams';

const servers = (file: string, name: string): Upstream => ({
  name,
  start: () => startNode(file, LOAD_CORE),
});
const LARGE = servers('large.ts', 'node:http with an answer of 64 MB');
const EVENTS = servers('events.ts', 'event streams on node:http and node:http2');

interface Holding {
  name: string;
  asked: Case;
  /** How many connections ask for which path. */
  groups: readonly { path: string; connections: number }[];
  reads: Reading;
  upstream: Upstream;
  subjects: readonly Subject[];
  /** Floors that can't stand in its table. */
  leftOut?: readonly Omit<LeftOut, 'of'>[];
}

function holdings(): Holding[] {
  const floors = [streamingNginx(), haproxy(), rawDispatch()];
  const streams = (idle: number, active: number) => [
    { path: '/api/idle', connections: idle },
    { path: '/api/active', connections: active },
  ];
  const large = {
    asked: GET_1KB,
    groups: [{ path: '/api/large', connections: 1_000 }],
    upstream: LARGE,
    subjects: [...floors, fullGateway()],
  };
  return [
    {
      name: '10,000 idle connections, each after a request',
      asked: GET_1KB,
      groups: [{ path: GET_1KB.path, connections: 10_000 }],
      reads: 'all',
      upstream: LARGE,
      subjects: [...floors, fullGateway()],
    },
    {
      ...large,
      name: '1,000 slow readers, each of at most a megabit a second, of an answer of 64 MB',
      reads: 'slowly',
    },
    { ...large, name: '1,000 clients that read nothing of an answer of 64 MB', reads: 'nothing' },
    {
      name: '10,000 idle and 2,000 active event streams, HTTP/2 to the upstream',
      asked: GET_1KB,
      groups: streams(10_000, 2_000),
      reads: 'all',
      upstream: EVENTS,
      subjects: [multiplexingHaproxy(), streamingGateway('http2')],
      leftOut: [streamingNginx(), rawDispatch()].map(({ name }) => ({
        subject: name,
        why: 'it speaks HTTP/1.1 to its upstreams, and 20,000 descriptors are too few for 12,000 streams with a connection on either side',
      })),
    },
    {
      name: '7,500 idle and 1,500 active event streams, a connection each to the upstream',
      asked: GET_1KB,
      groups: streams(7_500, 1_500),
      reads: 'all',
      upstream: EVENTS,
      subjects: [...floors, streamingGateway('http1')],
    },
  ];
}

/** Beyond the 15 s after which memory has to be flat: it is read after four fifths. */
const HELD_MS = 20_000;

async function run(call: Call): Promise<Findings> {
  const { isSmoke, rounds } = call.effort;
  const held: Record<string, ByRound<Held>> = {};
  const sections: string[] = [];
  const comparisons: Comparison[] = [];
  const pairs = pairsOf(fullGateway(), [streamingNginx(), haproxy(), rawDispatch()]);
  const subjects = new Map<string, Subject>();
  const missing = new Map<string, { subject: string; why: string }>();
  for (const holding of holdings()) {
    const groups = holding.groups.map(({ path, connections }) => ({
      path,
      connections: isSmoke ? Math.ceil(connections / 200) : connections,
    }));
    const heldMs = isSmoke ? 500 : HELD_MS;
    const found = await hold({ ...holding, groups, heldMs }, call);
    const told = comparedBy(found.found, pairs, COMPARED);
    held[holding.name] = found.found;
    comparisons.push(...told);
    sections.push(heldSection(holding.name, found.found, told));
    // Subjects of one name may be set up otherwise in another table: what each does stands with both.
    for (const subject of found.present) subjects.set(`${subject.name}: ${subject.what}`, subject);
    for (const absent of found.missing) missing.set(absent.subject, absent);
  }
  const loads = Object.entries(held).flatMap(([name, bySubject]) =>
    Object.entries(bySubject).flatMap(([subject, all]) =>
      all.map(({ loadBusy }) => ({ what: `${subject}, ${name}`, share: loadBusy })),
    ),
  );
  return {
    effort: `${rounds} interleaved rounds; in each a fresh process for each subject and table, one at a time`,
    facts: [
      `each process answers ${ASKED_BEFORE} requests before its memory is read for the first time`,
      'an active stream gets two events of 100 bytes a second, an idle one a comment every 15 seconds',
      'HTTP/2 to the upstream where a process may have 20,000 descriptors only: with a connection on either side a stream takes two',
      busiest('clients and upstream', loads),
    ],
    subjects: [...subjects.values()],
    missing: [...missing.values()],
    leftOut: holdings().flatMap(({ name, leftOut = [] }) => leftOut.map((one) => ({ ...one, of: name }))),
    sections,
    reading: [
      `Medians of the rounds, in brackets their confidence interval; of the connections held the fewest of a round, and lost are those of all rounds. RSS of the process and its children, MB: before, with all connections, and ${(HELD_MS * 0.8) / 1000} s later. A connection’s kilobytes are what the last of them has more than the first, over their number. "Fresh request" is one on a connection of its own while all of them are held. A client that reads nothing does not see that it was left: of those, lost says nothing.`,
      ...comparedOf(comparisons),
    ].join(' '),
    bottlenecks: loadsOwn(loads),
    data: { held, comparisons },
  };
}

/** What subjects are compared by. */
const COMPARED: Figures<Held> = {
  'kB a connection': ({ before, later, held }) => ((later - before) * 1024) / held,
};
const FIGURES: Figures<Held> = {
  'RSS before': ({ before }) => before,
  'with all': (held) => held.with,
  later: ({ later }) => later,
  ...COMPARED,
  'fresh request, ms': ({ freshMs }) => freshMs,
  'events a second': ({ eventsASecond }) => eventsASecond,
  'MB read a second': ({ bytesASecond }) => bytesASecond / 1e6,
  'its core, %': ({ busy }) => busy * 100,
  'load’s core, %': ({ loadBusy }) => loadBusy * 100,
};

/** The median and its interval, of those rounds that have told something. */
function told(values: readonly number[]): string {
  const known = values.filter(Number.isFinite);
  const silent = values.length - known.length;
  const text = within(interval(known));
  return silent === 0 ? text : `${text}, none in ${silent} of ${values.length} rounds`;
}

/** The part of a report that is about one kind of connections. */
export function heldSection(name: string, held: ByRound<Held>, comparisons: readonly Comparison[]): string {
  const rows = Object.entries(held).map(([subject, rounds]) => [
    subject,
    String(Math.min(...rounds.map((round) => round.held))),
    String(rounds.reduce((sum, { lost }) => sum + lost, 0)),
    ...Object.values(FIGURES).map((figure) => told(rounds.map(figure))),
  ]);
  return [
    `## ${name}`,
    table(['subject', 'held', 'lost', ...Object.keys(FIGURES)], rows),
    ...comparisonTable(['paired by round', 'ratio', 'kB'], comparisons),
  ].join('\n\n');
}

/** How much memory connections take that are open and do little. */
export const heldSuite = (): Suite => ({ name: 'held', what: WHAT, run });
