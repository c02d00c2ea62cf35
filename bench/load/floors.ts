import { fileURLToPath } from 'node:url';
import { isInstalled, SUBJECT_CORE } from '../harness/pinning.ts';
import { freePort, type Started, startProcess } from '../harness/processes.ts';
import type { Ground, Subject } from '../harness/suite.ts';
import { envOf, FLAGS, startedWith } from './gateway.ts';
import { startHaproxy } from './haproxy.ts';
import { hasNginx, startNginxProxy } from './nginx.ts';

/** Starts one of the small servers of `servers/` on a core: `node file <port> [more]`. */
export async function startNode(
  file: string,
  core: number,
  more: readonly string[] = [],
  { flags = [], env = {} }: { flags?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<Started> {
  const port = await freePort();
  const path = fileURLToPath(new URL(`./servers/${file}`, import.meta.url));
  const command = [process.execPath, ...flags, path, String(port), ...more];
  return startProcess({ name: file, core, command, port, env });
}

const nginxMissing = (): string | null => (hasNginx() ? null : 'nginx is not installed');

const nginxProxy = (name: string, what: string, how: { log: boolean; streams?: boolean }): Subject => ({
  name,
  what,
  missing: nginxMissing,
  warmRequests: 0,
  start: ({ folder, upstreamPort }: Ground) =>
    startNginxProxy({ core: SUBJECT_CORE, folder, upstreamPort, ...how }),
});

const PLAIN_NGINX = 'plain proxy, one worker, upstream kept alive, no log';

export const plainNginx = (): Subject =>
  nginxProxy('nginx', `${PLAIN_NGINX}; it buffers answers, as by default`, { log: false });

/** For streams, which nginx would hold back by default. */
export const streamingNginx = (): Subject =>
  nginxProxy('nginx', `${PLAIN_NGINX}, proxy_buffering off`, { log: false, streams: true });

export const loggingNginx = (): Subject =>
  nginxProxy('nginx, JSON log', 'the same with a buffered JSON line a request', { log: true });

export const haproxy = (): Subject => ({
  name: 'haproxy',
  what: 'plain proxy, one thread, upstream kept alive, no log',
  missing: () => (isInstalled('haproxy') ? null : 'haproxy is not installed'),
  warmRequests: 0,
  start: (ground) => startHaproxy(ground),
});

/** For more streams than it could have connections to the upstream. */
export const multiplexingHaproxy = (): Subject => ({
  ...haproxy(),
  what: 'plain proxy, one thread, HTTP/2 to the upstream, no log',
  start: (ground) => startHaproxy(ground, 'http2'),
});

/** What Node's HTTP server costs before anybody proxies anything. */
export const hello = (): Subject => ({
  name: 'node:http hello',
  what: 'reads the request, answers 1 kB itself, no upstream',
  missing: () => null,
  start: () => startNode('hello.ts', SUBJECT_CORE),
});

/** The same with the answer of a model. */
export const chatHello = (): Subject => ({
  ...hello(),
  start: () => startNode('hello.ts', SUBJECT_CORE, ['chat']),
});

/** The least that a correct proxy in Node costs. */
export const rawDispatch = (): Subject => ({
  name: 'raw dispatch',
  what: 'node:http and undici Pool.dispatch, body in one Buffer, nothing else',
  missing: () => null,
  start: ({ upstreamPort }: Ground) => startNode('raw-dispatch.ts', SUBJECT_CORE, [String(upstreamPort)]),
});

/** The same as the gateway's sources are started: what is left of a difference in memory is not V8's flags. */
export const flaggedDispatch = (): Subject => ({
  ...rawDispatch(),
  name: 'raw dispatch, our flags',
  what: `the same with ${startedWith({})}, as the gateway is started`,
  start: ({ upstreamPort }: Ground) =>
    startNode('raw-dispatch.ts', SUBJECT_CORE, [String(upstreamPort)], {
      flags: FLAGS,
      env: envOf({}),
    }),
});
