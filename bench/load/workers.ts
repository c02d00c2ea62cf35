import { saturation } from '../harness/saturation.ts';
import type { Subject, Suite } from '../harness/suite.ts';
import { API_KEY, apiConfig, gateway, HEADERS, RATE_LIMIT, SHED } from './gateway.ts';
import { POST_1KB } from './messages.ts';
import { hasNginx, startNginxProxy } from './nginx.ts';
import { itemsUpstream } from './upstreams.ts';

const CORES = '0,1';

const nginxWith = (workers: number): Subject => ({
  name: `nginx, ${workers} worker${workers > 1 ? 's' : ''}`,
  what: `plain proxy, ${workers} worker processes, on both cores`,
  missing: () => (hasNginx() ? null : 'nginx is not installed'),
  warmRequests: 0,
  start: ({ folder, upstreamPort }) =>
    startNginxProxy({ core: CORES, folder, upstreamPort, log: false, workers }),
});

/** The full gateway on SQLite, which its workers share. */
const gatewayWith = (workers: number): Subject =>
  gateway({
    name: `gateway, ${workers} worker${workers > 1 ? 's' : ''}`,
    what: `server.workers: ${workers}, auth-api-key, rate-limit, headers, access log, metrics, on both cores`,
    log: 'info',
    core: CORES,
    config: (ports) => ({
      ...apiConfig([API_KEY, RATE_LIMIT, HEADERS])(ports),
      server: { listen: `127.0.0.1:${ports.own}`, shed: SHED, workers },
      store: { url: `sqlite:${ports.folder}/store.db` },
    }),
  });

/** What a second worker gives where the load shares the two cores: of the machine, and not of two free cores. */
export function workersSuite(): Suite {
  const subjects = [nginxWith(1), nginxWith(2), gatewayWith(1), gatewayWith(2)];
  const [nginx1, nginx2, one, two] = subjects.map(({ name }) => name) as [string, string, string, string];
  return saturation({
    name: 'workers',
    what: 'one worker and two, everything on the same two cores: requests/s and CPU a request',
    connections: 64,
    cases: [POST_1KB],
    subjects,
    pairs: [
      { subject: nginx2, against: nginx1 },
      { subject: two, against: one },
    ],
    upstream: itemsUpstream(),
    sharesCores: true,
  });
}
