import { LOAD_CORE } from '../harness/pinning.ts';
import type { Call, Case, Findings, Subject, Suite, Upstream } from '../harness/suite.ts';
import { percent, short, table } from '../harness/wording.ts';
import { haproxy, rawDispatch, startNode, streamingNginx } from './floors.ts';
import { fullGateway, streamingGateway } from './gateway.ts';
import { type Held, hold } from './memory-held.ts';
import { GET_1KB } from './messages.ts';

const WHAT =
  'memory of what is held: 10,000 idle connections, 1,000 readers of 64 MB that do not read, 12,000 event streams';

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
  reads: boolean;
  upstream: Upstream;
  subjects: readonly Subject[];
}

function holdings(): Holding[] {
  const floors = [streamingNginx(), haproxy(), rawDispatch()];
  const streams = (idle: number, active: number) => [
    { path: '/api/idle', connections: idle },
    { path: '/api/active', connections: active },
  ];
  return [
    {
      name: '10,000 idle connections, each after a request',
      asked: GET_1KB,
      groups: [{ path: GET_1KB.path, connections: 10_000 }],
      reads: true,
      upstream: LARGE,
      subjects: [...floors, fullGateway()],
    },
    {
      name: '1,000 readers that leave an answer of 64 MB unread',
      asked: GET_1KB,
      groups: [{ path: '/api/large', connections: 1_000 }],
      reads: false,
      upstream: LARGE,
      subjects: [...floors, fullGateway()],
    },
    {
      name: '10,000 idle and 2,000 active event streams, HTTP/2 to the upstream',
      asked: GET_1KB,
      groups: streams(10_000, 2_000),
      reads: true,
      upstream: EVENTS,
      subjects: [streamingGateway('http2')],
    },
    {
      name: '7,500 idle and 1,500 active event streams, a connection each to the upstream',
      asked: GET_1KB,
      groups: streams(7_500, 1_500),
      reads: true,
      upstream: EVENTS,
      subjects: [streamingNginx(), rawDispatch(), streamingGateway('http1')],
    },
  ];
}

/** Beyond the 15 s after which memory has to be flat: it is read after four fifths. */
const HELD_MS = 20_000;

async function run(call: Call): Promise<Findings> {
  const { isSmoke } = call.effort;
  const held: Record<string, Held[]> = {};
  const subjects = new Map<string, Subject>();
  const missing = new Map<string, { subject: string; why: string }>();
  for (const holding of holdings()) {
    const groups = holding.groups.map(({ path, connections }) => ({
      path,
      connections: isSmoke ? Math.ceil(connections / 200) : connections,
    }));
    const heldMs = isSmoke ? 500 : HELD_MS;
    const found = await hold({ ...holding, groups, heldMs }, call);
    held[holding.name] = found.held;
    for (const subject of found.present) subjects.set(subject.name, subject);
    for (const absent of found.missing) missing.set(absent.subject, absent);
  }
  return {
    isOnce: true,
    facts: [
      'one fresh process a subject for each table: memory needs no rounds',
      'an active stream gets two events of 100 bytes a second, an idle one a comment every 15 seconds',
      'HTTP/2 to the upstream where a process may have 20,000 descriptors only: with a connection on either side a stream takes two',
    ],
    subjects: [...subjects.values()],
    missing: [...missing.values()],
    sections: Object.entries(held).map(([name, all]) => `## ${name}\n\n${heldTable(all)}`),
    reading: `RSS of the process and its children, MB: before, with all connections, and ${(HELD_MS * 0.8) / 1000} s later. A connection’s kilobytes are what the last of them has more than the first, over their number. "Fresh request" is one on a connection of its own while all of them are held.`,
    bottlenecks: [],
    data: { held },
  };
}

const HEAD = [
  'subject',
  'held',
  'lost',
  'RSS before',
  'with all',
  'later',
  'kB a connection',
  'fresh request, ms',
  'events a second',
  'its core',
];

const heldTable = (held: readonly Held[]): string =>
  table(
    HEAD,
    held.map((h) => [
      h.subject,
      String(h.held),
      String(h.lost),
      short(h.before),
      short(h.with),
      short(h.later),
      short(((h.later - h.before) * 1024) / h.held),
      short(h.freshMs),
      short(h.eventsASecond),
      percent(h.busy),
    ]),
  );

/** How much memory connections take that are open and do little. */
export const heldSuite = (): Suite => ({ name: 'held', what: WHAT, run });
