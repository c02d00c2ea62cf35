import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from '../harness/ask.ts';
import { SUBJECT_CORE } from '../harness/pinning.ts';
import { freePort, startProcess } from '../harness/processes.ts';
import type { Subject } from '../harness/suite.ts';
import { KEY_SHA256, POST_1KB } from './messages.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A limit that is counted and never reached. */
const POLICIES = [
  { 'auth-api-key': {} },
  { 'rate-limit': { limit: 1_000_000_000, window: '1h', per: 'consumer' } },
  {
    headers: {
      request: { set: { 'x-shop': 'web' }, remove: ['x-debug'] },
      response: { set: { 'cache-control': 'no-store' } },
    },
  },
];

interface Options {
  name: string;
  what: string;
  policies: readonly object[];
  log: 'info' | 'silent';
}

/** JSON, which is YAML. */
function config(options: Options, ports: { own: number; admin: number; upstream: number }): string {
  return JSON.stringify({
    version: 1,
    server: { listen: `127.0.0.1:${ports.own}` },
    admin: { listen: `127.0.0.1:${ports.admin}` },
    store: { url: 'memory:' },
    log: { level: options.log },
    consumers: [{ name: 'storefront', groups: ['web'], keys: [{ id: 'k1', sha256: KEY_SHA256 }] }],
    upstreams: { items: { targets: [{ url: `http://127.0.0.1:${ports.upstream}` }] } },
    routes: [{ name: 'items', match: { path: '/api/*' }, upstream: 'items', policies: options.policies }],
  });
}

function gateway(options: Options): Subject {
  return {
    name: options.name,
    what: options.what,
    missing: () => null,
    async start({ folder, upstreamPort }) {
      const port = await freePort();
      // In a folder of its own: the folder is watched, and the access log beside it would wake the watch with every write.
      const file = join(folder, 'config', 'gateway.yaml');
      mkdirSync(join(folder, 'config'));
      writeFileSync(file, config(options, { own: port, admin: await freePort(), upstream: upstreamPort }));
      const started = startProcess({
        name: options.name,
        core: SUBJECT_CORE,
        command: [process.execPath, MAIN, 'start', '-c', file],
        port,
        stdout: join(folder, 'access.log'),
      });
      if (options.log === 'silent') return started;
      return {
        ...started,
        async stop() {
          await started.stop();
          if (statSync(join(folder, 'access.log')).size === 0)
            throw new Error(`${options.name} logged nothing`);
        },
      };
    },
  };
}

/** The proxy alone. Its metrics can't be switched off. */
export const plainGateway = (): Subject =>
  gateway({
    name: 'gateway, no policy',
    what: 'no policy, log silent, metrics',
    policies: [],
    log: 'silent',
  });

/** What a production user turns on. */
export function fullGateway(): Subject {
  const name = 'gateway, full';
  const what = 'auth-api-key, rate-limit, headers, access log to a file, metrics';
  return {
    ...gateway({ name, what, policies: POLICIES, log: 'info' }),
    async prove(origin) {
      const { 'x-api-key': _key, ...withoutKey } = POST_1KB.headers;
      const { status } = await ask(origin, { ...POST_1KB, headers: withoutKey });
      if (status !== 401) throw new Error(`${name}: answered ${status} to a request without a key`);
    },
  };
}
