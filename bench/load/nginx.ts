import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../harness/pinning.ts';
import { freePort, type Started, startProcess } from '../harness/processes.ts';
import { ANSWER } from './messages.ts';

export const hasNginx = (): boolean => isInstalled('nginx');

/** `nginx/1.22.1`; '' where it is missing. */
export const nginxVersion = (): string =>
  hasNginx() ? (/nginx\/\S+/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr)?.[0] ?? '') : '';

const JSON_LOG = `
  log_format line escape=json '{"time":"$time_iso8601","request_id":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","path":"$uri","status":$status,"bytes_in":$request_length,"bytes_out":$bytes_sent,'
    '"duration":$request_time,"upstream":"$upstream_addr"}';
  access_log access.log line buffer=8k flush=250ms;`;

/** Connections are never closed for their number of requests, which at nginx's default of 1000 would be 50 a second. */
const KEEP = 'keepalive_requests 1000000000;';

function config(options: { port: number; log: string; server: string; http?: string }): string {
  return `
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  ${options.log}
  ${KEEP}
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${options.http ?? ''}
  server {
    listen 127.0.0.1:${options.port} backlog=1024;
    location / { ${options.server} }
  }
}
`;
}

function startNginx(name: string, core: number, folder: string, port: number, text: string): Started {
  writeFileSync(join(folder, 'nginx.conf'), text);
  const command = ['nginx', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  return startProcess({ name, core, command, port });
}

/** Answers every request with the same kilobyte. */
export async function startNginxUpstream(core: number, folder: string): Promise<Started> {
  const port = await freePort();
  const server = `default_type application/json; return 200 '${ANSWER}';`;
  return startNginx(
    'nginx as upstream',
    core,
    folder,
    port,
    config({ port, log: 'access_log off;', server }),
  );
}

/** Debian's nginx as it comes, with connections to the upstream kept alive; with a JSON line a request if asked for. */
export async function startNginxProxy(options: {
  core: number;
  folder: string;
  upstreamPort: number;
  log: boolean;
}): Promise<Started> {
  const port = await freePort();
  const text = config({
    port,
    log: options.log ? JSON_LOG : 'access_log off;',
    http: `upstream bench { server 127.0.0.1:${options.upstreamPort}; keepalive 256; ${KEEP} }`,
    server: `proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection "";`,
  });
  return startNginx('nginx', options.core, options.folder, port, text);
}
