import type { Call, Case, Findings, Subject, Suite, Upstream } from '../harness/suite.ts';
import { short, table } from '../harness/wording.ts';
import { peers } from './ai.ts';
import { flaggedDispatch, haproxy, plainNginx, rawDispatch } from './floors.ts';
import { fullAiGateway, fullGateway } from './gateway.ts';
import { type Lived, live } from './memory-lived.ts';
import { CHAT_1KB, POST_1KB } from './messages.ts';
import { chatUpstream, itemsUpstream } from './upstreams.ts';

const WHAT = 'memory after a million requests';
const REQUESTS = 1_000_000;
/** For ours and the floors, which are there before that unless the machine is slow. */
const WITHIN_SECONDS = 330;
/** For the gateways of others, which would take from twenty minutes to hours. */
const PEER_WITHIN_SECONDS = 25;

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
    subjects: [plainNginx(), haproxy(), rawDispatch(), flaggedDispatch(), fullGateway()],
  },
  {
    name: 'a million calls to models, chat of 1 kB',
    asked: CHAT_1KB,
    upstream: chatUpstream(),
    subjects: [fullAiGateway(), ...peers()],
  },
];

async function run(call: Call): Promise<Findings> {
  const { isSmoke } = call.effort;
  const sections: string[] = [];
  const present: Subject[] = [];
  const missing: { subject: string; why: string }[] = [];
  const lived: Record<string, Lived[]> = {};
  const arePeers = new Set(peers().map(({ name }) => name));
  const withinSeconds = (subject: string): number =>
    isSmoke ? 1 : arePeers.has(subject) ? PEER_WITHIN_SECONDS : WITHIN_SECONDS;
  for (const work of lives()) {
    const found = await live({ ...work, requests: isSmoke ? 40 : REQUESTS, withinSeconds }, call);
    lived[work.name] = found.lived;
    present.push(...found.present);
    missing.push(...found.missing);
    sections.push(`## ${work.name}\n\n${livesTable(found.lived)}`);
  }
  const unfinished = Object.values(lived)
    .flat()
    .filter(({ subject, endedAfterSeconds }) => endedAfterSeconds !== undefined && !arePeers.has(subject));
  return {
    isOnce: true,
    facts: [
      'one fresh process a subject for each table: memory needs no rounds, and a million requests take their time',
      '64 connections kept alive, saturated; the floors in Node run with the flags of Node unless their name says ours',
      `the gateways of others have ${PEER_WITHIN_SECONDS} s each and not a million requests`,
      ...unfinished.map(
        ({ subject, requests }) =>
          `**not a million: ${subject}** made ${requests.toLocaleString('en')} in ${WITHIN_SECONDS} s`,
      ),
    ],
    // Two tables may have a subject of the same name: what each does stands with both.
    subjects: present,
    missing,
    sections,
    reading:
      'RSS of the process and its children, MB; of a third of the run, the median of what was read every two seconds. The first third warms up; memory is flat where the last third has what the middle third had.',
    bottlenecks: [],
    data: { lived },
  };
}

const livesTable = (lived: readonly Lived[]): string =>
  table(
    [
      'subject',
      'requests',
      'RSS at start',
      'first third',
      'middle third',
      'last third',
      'at most',
      'at the end',
      'last ÷ middle',
    ],
    lived.map(({ subject, requests, endedAfterSeconds, atStart, samples, thirds }) => [
      subject,
      `${requests.toLocaleString('en')}${endedAfterSeconds === undefined ? '' : ` (ended after ${endedAfterSeconds} s)`}`,
      short(atStart),
      short(thirds.first),
      short(thirds.middle),
      short(thirds.last),
      short(Math.max(...samples)),
      short(samples.at(-1) ?? Number.NaN),
      (thirds.last / thirds.middle).toFixed(2),
    ]),
  );

/** How much memory the gateway takes, and whether it stays so. */
export const memorySuite = (): Suite => ({ name: 'memory', what: WHAT, run });
