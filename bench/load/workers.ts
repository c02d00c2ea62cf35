import { type Comparison, compared, type Table } from '../harness/compare.ts';
import { SUBJECT_CORE } from '../harness/pinning.ts';
import { type Saturation, saturate } from '../harness/saturation.ts';
import type { Call, Findings, Subject, Suite } from '../harness/suite.ts';
import { difference, table } from '../harness/wording.ts';
import { API_KEY, apiConfig, gateway, HEADERS, RATE_LIMIT, SHED } from './gateway.ts';
import { POST_1KB } from './messages.ts';
import { hasNginx, startNginxProxy } from './nginx.ts';
import { itemsUpstream } from './upstreams.ts';

const WHAT =
  'one worker with a core for itself, and one and two on both cores beside their load: requests/s and CPU a request';

/** So many workers, and where they may run. */
interface Place {
  workers: number;
  core: number | string;
  said: string;
}

/** The first is what the other suites measure; the second worker has the load's core, and the load keeps what it needs of it. */
const PLACES: readonly Place[] = [
  { workers: 1, core: SUBJECT_CORE, said: '1 worker on its own core' },
  { workers: 1, core: '0,1', said: '1 worker on both cores' },
  { workers: 2, core: '0,1', said: '2 workers on both cores' },
];

const nginxAt = ({ workers, core, said }: Place): Subject => ({
  name: `nginx, ${said}`,
  what: `plain proxy, worker_processes ${workers}, no log`,
  missing: () => (hasNginx() ? null : 'nginx is not installed'),
  warmRequests: 0,
  start: ({ folder, upstreamPort }) => startNginxProxy({ core, folder, upstreamPort, log: false, workers }),
});

/** The full gateway on SQLite, which its workers share. */
const gatewayAt = ({ workers, core, said }: Place): Subject =>
  gateway({
    name: `gateway, ${said}`,
    what: `server.workers: ${workers}, auth-api-key, rate-limit, headers, access log, metrics`,
    log: 'info',
    core,
    config: (ports) => ({
      ...apiConfig([API_KEY, RATE_LIMIT, HEADERS])(ports),
      server: { listen: `127.0.0.1:${ports.own}`, shed: SHED, workers },
      store: { url: `sqlite:${ports.folder}/store.db` },
    }),
  });

const steps = ([own, one, two]: readonly Subject[]): { subject: string; against: string }[] =>
  own && one && two
    ? [
        { subject: two.name, against: one.name },
        { subject: two.name, against: own.name },
        { subject: one.name, against: own.name },
      ]
    : [];

/** By subject: how many workers it has on both cores. */
const sharingOf = (subjects: readonly (readonly Subject[])[]): Record<string, number> =>
  Object.fromEntries(
    subjects.flatMap((of) =>
      PLACES.flatMap(({ workers, core }, place) =>
        core === SUBJECT_CORE ? [] : [[(of[place] as Subject).name, workers]],
      ),
    ),
  );

/** What a second worker gives is answers, and not cheaper ones. How many somebody gave who waited for the load is not his own. */
export function answersCompared(
  { rows, starved }: Pick<Table, 'rows' | 'starved'>,
  pairs: Saturation['pairs'],
): Comparison[] {
  const values = (name: string) =>
    starved.includes(name)
      ? undefined
      : rows.find(({ subject }) => subject === name)?.requestsPerSecond.values;
  return pairs.flatMap(({ subject, against }) => {
    const [own, other] = [values(subject), values(against)];
    return own && other ? [compared(subject, against, own, other)] : [];
  });
}

async function run(call: Call): Promise<Findings> {
  const [nginx, ours] = [PLACES.map(nginxAt), PLACES.map(gatewayAt)];
  const pairs = [...steps(nginx), ...steps(ours)];
  const plan: Saturation = {
    name: 'workers',
    what: WHAT,
    connections: 64,
    cases: [POST_1KB],
    subjects: [...nginx, ...ours],
    pairs,
    upstream: itemsUpstream(),
    sharing: sharingOf([nginx, ours]),
  };
  const findings = await saturate(plan, call);
  const { tables } = findings.data as { tables: Table[] };
  const answers = tables.flatMap((each) => answersCompared(each, pairs)).map(difference);
  return {
    ...findings,
    facts: [
      ...findings.facts,
      'whose name says both cores may use the load’s as well, and the load does not leave it: what a second worker gives here is of a machine that is full, and less than a second free core would give',
    ],
    sections: [
      ...findings.sections,
      ...(answers.length > 0 ? [table(['requests/s, paired by round', 'ratio', 'requests/s'], answers)] : []),
    ],
  };
}

/** What a second worker gives where the load shares the two cores: of the machine, and not of two free cores. */
export const workersSuite = (): Suite => ({ name: 'workers', what: WHAT, run });
