import type { Call, Case, Findings, Subject, Suite, Upstream } from '../harness/suite.ts';
import { short, table } from '../harness/wording.ts';
import { plainNginx, rawDispatch } from './floors.ts';
import { fullAiGateway, fullGateway } from './gateway.ts';
import { type Lived, live } from './memory-lived.ts';
import { CHAT_1KB, POST_1KB } from './messages.ts';
import { litellm } from './peers/litellm.ts';
import { portkey } from './peers/portkey.ts';
import { chatUpstream, itemsUpstream } from './upstreams.ts';

const WHAT = 'memory after a million requests';

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
  return {
    isOnce: true,
    facts: [
      'one fresh process a subject for each table: memory needs no rounds, and a million requests take their time',
    ],
    subjects: [plainNginx(), rawDispatch(), fullGateway(), portkey(), litellm()],
    missing,
    sections,
    reading:
      'RSS of the process and its children, MB. Flat: the median of the last third of the run over that of the middle third. A subject too slow for a million requests in the time given says how many it made.',
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

/** How much memory the gateway takes, and whether it stays so. */
export const memorySuite = (): Suite => ({ name: 'memory', what: WHAT, run });
