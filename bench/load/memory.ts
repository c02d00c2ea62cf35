import { LOAD_CORE } from '../harness/pinning.ts';
import type { Call, Case, Findings, Subject, Suite, Upstream } from '../harness/suite.ts';
import { short, table } from '../harness/wording.ts';
import { haproxy, plainNginx, rawDispatch, startNode } from './floors.ts';
import { fullAiGateway, fullGateway } from './gateway.ts';
import { type Held, hold } from './memory-held.ts';
import { type Lived, live } from './memory-lived.ts';
import { CHAT_1KB, GET_1KB, POST_1KB } from './messages.ts';
import { litellm } from './peers/litellm.ts';
import { portkey } from './peers/portkey.ts';
import { chatUpstream, itemsUpstream } from './upstreams.ts';

const WHAT =
  'memory after a million requests, with 10,000 idle connections, and with 1,000 readers that do not read';

interface Work {
  name: string;
  asked: Case;
  upstream: Upstream;
  subjects: readonly Subject[];
}

const lives = (): Work[] => [
  {
    name: 'a million requests, POST of 1 kB',
    asked: POST_1KB,
    upstream: itemsUpstream(),
    subjects: [plainNginx(), rawDispatch(), fullGateway()],
  },
  {
    name: 'a million calls to models, chat of 1 kB',
    asked: CHAT_1KB,
    upstream: chatUpstream(),
    subjects: [fullAiGateway(), portkey(), litellm()],
  },
];

const largeUpstream = (): Upstream => ({
  name: 'node:http with an answer of 8 MB',
  start: () => startNode('large.ts', LOAD_CORE),
});

const HELD_MS = 15_000;

async function run(call: Call): Promise<Findings> {
  const { isSmoke, seconds } = call.effort;
  const sections: string[] = [];
  const missing: { subject: string; why: string }[] = [];
  const lived: Record<string, Lived[]> = {};
  const effort = isSmoke
    ? { requests: 40, withinSeconds: 1 }
    : { requests: 1_000_000, withinSeconds: 30 * seconds };
  for (const work of lives()) {
    const found = await live({ ...work, ...effort }, call);
    lived[work.name] = found.lived;
    missing.push(...found.missing);
    sections.push(`## ${work.name}\n\n${livesTable(found.lived)}`);
  }
  const holders = [plainNginx(), haproxy(), rawDispatch(), fullGateway()];
  const held: Record<string, Held[]> = {};
  for (const { name, asked, connections, reads } of [
    {
      name: '10,000 idle connections, each after a request',
      asked: GET_1KB,
      connections: isSmoke ? 50 : 10_000,
      reads: true,
    },
    {
      name: '1,000 readers that leave an answer of 8 MB unread',
      asked: { ...GET_1KB, path: '/api/large' },
      connections: isSmoke ? 20 : 1_000,
      reads: false,
    },
  ]) {
    const upstream = largeUpstream();
    const heldMs = isSmoke ? 500 : HELD_MS;
    const found = await hold({ name, asked, connections, reads, heldMs, subjects: holders, upstream }, call);
    held[name] = found;
    sections.push(`## ${name}\n\n${heldTable(found)}`);
  }
  return {
    facts: [
      'one fresh process a subject for each table: memory needs no rounds, and a million requests take their time',
    ],
    subjects: [plainNginx(), haproxy(), rawDispatch(), fullGateway(), portkey(), litellm()],
    missing,
    sections,
    reading:
      'RSS of the process and its children, MB. Flat: the median of the last third of the run over that of the middle third. A subject too slow for a million requests in the time given says how many it made. A connection’s kilobytes are RSS with all of them less RSS before them, over their number; "fresh request" is one on a connection of its own while all of them are held.',
    bottlenecks: [],
    data: { lived, held },
  };
}

const livesTable = (lived: readonly Lived[]): string =>
  table(
    [
      'subject',
      'requests',
      'RSS at start',
      'after a tenth',
      'at most',
      'at the end',
      'last third ÷ middle third',
    ],
    lived.map(({ subject, requests, atStart, samples, last, middle }) => [
      subject,
      requests.toLocaleString('en'),
      short(atStart),
      short(samples[Math.floor(samples.length / 10)] ?? Number.NaN),
      short(Math.max(...samples)),
      short(samples.at(-1) ?? Number.NaN),
      (last / middle).toFixed(2),
    ]),
  );

const heldTable = (held: readonly Held[]): string =>
  table(
    [
      'subject',
      'held',
      'lost',
      'RSS before',
      'with all',
      '15 s later',
      'kB a connection',
      'fresh request, ms',
    ],
    held.map((h) => [
      h.subject,
      String(h.held),
      String(h.lost),
      short(h.before),
      short(h.with),
      short(h.later),
      short(((h.later - h.before) * 1024) / h.held),
      short(h.freshMs),
    ]),
  );

/** How much memory the gateway takes, and whether it stays so. */
export const memorySuite = (): Suite => ({ name: 'memory', what: WHAT, run });
