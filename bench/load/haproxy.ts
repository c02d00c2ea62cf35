import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBJECT_CORE } from '../harness/pinning.ts';
import { freePort, type Started, startProcess } from '../harness/processes.ts';
import type { Ground } from '../harness/suite.ts';

/** `http-reuse always` and a pool for it are what its documentation says for keep-alive to servers; timeouts are needed. */
const config = (port: number, upstreamPort: number, protocol: 'http1' | 'http2'): string => `
global
  nbthread 1
  no strict-limits
  maxconn 16000
defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 75s
  http-reuse always
  option http-no-delay
  option abortonclose
frontend bench
  bind 127.0.0.1:${port} backlog 1024
  default_backend upstream
backend upstream
  server one 127.0.0.1:${upstreamPort} pool-max-conn -1${protocol === 'http2' ? ' proto h2' : ''}
`;

/**
 * Debian's haproxy with one thread for one core.
 * @param protocol what it speaks to the upstream
 */
export async function startHaproxy(
  { folder, upstreamPort }: Ground,
  protocol: 'http1' | 'http2' = 'http1',
): Promise<Started> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config(port, upstreamPort, protocol));
  return startProcess({ name: 'haproxy', core: SUBJECT_CORE, command: ['haproxy', '-db', '-f', file], port });
}
