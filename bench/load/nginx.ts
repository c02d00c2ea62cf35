import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../harness/pinning.ts';
import { freePort, type Started, startProcess } from '../harness/processes.ts';

export const hasNginx = (): boolean => isInstalled('nginx');

const JSON_LOG = `
  log_format line escape=json '{"time":"$time_iso8601","request_id":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","path":"$uri","status":$status,"bytes_in":$request_length,"bytes_out":$bytes_sent,'
    '"duration":$request_time,"upstream":"$upstream_addr"}';
  access_log access.log line buffer=8k flush=250ms;`;

/** Connections are never closed for their number of requests, which at nginx's default of 1000 would be 50 a second. */
const KEEP = 'keepalive_requests 1000000000;';

interface ConfigOptions {
  port: number;
  log: string;
  server: string;
  http?: string;
  locations?: string | undefined;
  workers?: number | undefined;
}

function config(options: ConfigOptions): string {
  return `
worker_processes ${options.workers ?? 1};
daemon off;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http {
  ${options.log}
  ${KEEP}
  client_max_body_size 20m;
  client_body_buffer_size 256k;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${options.http ?? ''}
  server {
    listen 127.0.0.1:${options.port} backlog=1024;
    ${options.locations ?? ''}
    location / { ${options.server} }
  }
}
`;
}

function startNginx(
  name: string,
  core: number | string,
  folder: string,
  port: number,
  text: string,
): Started {
  writeFileSync(join(folder, 'nginx.conf'), text);
  const command = ['nginx', '-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')];
  return startProcess({ name, core, command, port });
}

/** Answers every request with the same text. */
export async function startNginxUpstream(core: number, folder: string, answer: string): Promise<Started> {
  const port = await freePort();
  const server = `default_type application/json; return 200 '${answer}';`;
  return startNginx(
    'nginx as upstream',
    core,
    folder,
    port,
    config({ port, log: 'access_log off;', server }),
  );
}

export interface NginxProxyOptions {
  /** More than one with a comma between. */
  core: number | string;
  folder: string;
  upstreamPort: number;
  log: boolean;
  /** Whether answers are passed on as they come, which streams need; nginx's default, to buffer them, if not. */
  streams?: boolean;
  workers?: number;
  /** More locations beside that of everything. */
  locations?: string;
}

/**
 * Debian's nginx with what its documentation says for a proxy: connections to the upstream kept alive over HTTP/1.1,
 * bodies of up to 256 kB in memory; with a JSON line a request if asked for.
 */
export async function startNginxProxy(options: NginxProxyOptions): Promise<Started> {
  const port = await freePort();
  const text = nginxProxyConfig(port, options);
  return startNginx('nginx', options.core, options.folder, port, text);
}

/** The text of its configuration file. */
export function nginxProxyConfig(port: number, options: Omit<NginxProxyOptions, 'core' | 'folder'>): string {
  return config({
    port,
    log: options.log ? JSON_LOG : 'access_log off;',
    http: `upstream bench { server 127.0.0.1:${options.upstreamPort}; keepalive 256; ${KEEP} }`,
    server: `proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection ""; ${options.streams ? 'proxy_buffering off;' : ''}`,
    locations: options.locations,
    workers: options.workers,
  });
}
