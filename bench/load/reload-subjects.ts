import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBJECT_CORE } from '../harness/pinning.ts';
import { freePort, startProcess } from '../harness/processes.ts';
import type { Subject } from '../harness/suite.ts';
import {
  API_KEY,
  configText,
  type GatewayPlan,
  HEADERS,
  type Ports,
  RATE_LIMIT,
  startGateway,
} from './gateway.ts';
import { hasNginx, nginxProxyConfig } from './nginx.ts';

/** A subject whose configuration can be exchanged while it runs. */
export interface Reloadable {
  subject: Subject;
  /** Exchanges it for one whose answers below `REVISION_PATH` say this revision. */
  apply(revision: string): void;
}

/** Where a configuration says which one it is. */
export const REVISION_PATH = '/revision';

const FIRST = 'revision-1';

/** The gateway with so many routes, every second with policies. */
export function gatewayOf(routes: number): Reloadable {
  let running: { file: string; ports: Ports } | undefined;
  const plan = (revision: string): GatewayPlan => ({
    name: 'gateway',
    what: 'routes with and without key, limit and headers; access log, metrics; the file is saved, and it sees that',
    log: 'info',
    config: ({ upstream }) => ({
      upstreams: {
        items: { targets: [{ url: `http://127.0.0.1:${upstream}` }] },
        nobody: { targets: [{ url: 'http://127.0.0.1:1' }] },
      },
      routes: [
        {
          name: 'items',
          match: { path: '/api/*' },
          upstream: 'items',
          policies: [API_KEY, RATE_LIMIT, HEADERS],
        },
        // Always the answer of the fallback: nobody listens there.
        {
          name: 'revision',
          match: { path: REVISION_PATH },
          upstream: 'nobody',
          fallback: { status: 200, body: { revision } },
        },
        ...Array.from({ length: routes }, (_, i) => ({
          name: `other-${i}`,
          match: { path: `/other/${i}/*`, methods: ['GET', 'POST'] },
          upstream: 'items',
          policies: i % 2 === 0 ? [API_KEY, RATE_LIMIT] : [],
        })),
      ],
    }),
  });
  const first = plan(FIRST);
  return {
    subject: {
      name: first.name,
      what: first.what,
      missing: () => null,
      async start(ground) {
        const started = await startGateway(first, ground);
        running = started;
        return started;
      },
    },
    apply(revision) {
      if (running) writeFileSync(running.file, configText(plan(revision), running.ports));
    },
  };
}

/** nginx with as many locations, reloaded by SIGHUP. */
export function nginxOf(routes: number): Reloadable {
  let running: { pid: number; port: number; file: string; upstreamPort: number } | undefined;
  const text = (port: number, upstreamPort: number, revision: string): string => {
    const others = Array.from(
      { length: routes },
      (_, i) =>
        `location /other/${i}/ { proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection ""; }`,
    ).join('\n');
    const locations = `location = ${REVISION_PATH} { return 200 '${revision}'; }\n${others}`;
    return nginxProxyConfig(port, { upstreamPort, log: false, locations });
  };
  return {
    subject: {
      name: 'nginx',
      what: 'as many locations, one worker, no log; SIGHUP',
      missing: () => (hasNginx() ? null : 'nginx is not installed'),
      async start({ folder, upstreamPort }) {
        const port = await freePort();
        const file = join(folder, 'nginx.conf');
        writeFileSync(file, text(port, upstreamPort, FIRST));
        const command = ['nginx', '-e', 'stderr', '-p', folder, '-c', file];
        const started = startProcess({ name: 'nginx', core: SUBJECT_CORE, command, port });
        running = { pid: started.pid, port, file, upstreamPort };
        return started;
      },
    },
    apply(revision) {
      if (!running) return;
      writeFileSync(running.file, text(running.port, running.upstreamPort, revision));
      process.kill(running.pid, 'SIGHUP');
    },
  };
}
