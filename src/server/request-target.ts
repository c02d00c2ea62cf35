import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors/gateway-error.ts';
import { canonicalPath, routedPath, splitTarget } from '../lib/canonical-path.ts';

const HOST = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~-]{1,255})(?::\d{1,5})?$/;

/** Host headers that passed the pattern, and how they are read; nearly every request brings one of a few. */
const knownHosts = new Map<string, string>();
const MOST_HOSTS = 1000;

/**
 * A name with a dot at its end is the same name (RFC 9110 section 4.2.3, RFC 1034 section 3.1): whoever goes by the name
 * sees it without, here and behind us. No label is empty.
 * @returns undefined: it is none
 */
function canonicalHost(host: string): string | undefined {
  const known = knownHosts.get(host);
  if (known !== undefined) return known;
  if (!HOST.test(host)) return undefined;
  const canonical = host.replace(/\.(?=:|$)/, '');
  if (/^\.|\.\.|\.(?::|$)|^(?::|$)/.test(canonical)) return undefined;
  if (knownHosts.size < MOST_HOSTS) knownHosts.set(host, canonical);
  return canonical;
}

/** Node keeps the first of several Host headers in silence; somebody behind us might keep the last. */
function hostCount(raw: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

/**
 * The one path and the one Host of a request, written back to it, so that everybody after this reads the same.
 * @throws GatewayError `path_invalid` or `host_invalid`
 */
export function canonicalTarget(request: IncomingMessage): { path: string; query: string } {
  let target = request.url ?? '';
  const host = request.headers.host;
  const hosts = hostCount(request.rawHeaders);
  if (hosts > 1 || (hosts === 0 && request.httpVersion !== '1.0')) throw new GatewayError('host_invalid');
  if (host !== undefined) {
    const canonical = canonicalHost(host);
    if (canonical === undefined) throw new GatewayError('host_invalid');
    request.headers.host = canonical;
  }
  if (target.charCodeAt(0) !== 0x2f) target = originForm(target, request);
  const { path, query } = splitTarget(target);
  const canonical = canonicalPath(path);
  if (canonical === null || !isQuery(query)) throw new GatewayError('path_invalid');
  request.url = routedPath(canonical) + query;
  return { path: canonical, query };
}

/** `http://host/path` (RFC 9112 section 3.2.2) names the host a second time; it has to be the same one. */
function originForm(target: string, request: IncomingMessage): string {
  const match = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(target);
  if (!match) throw new GatewayError('path_invalid');
  const authority = canonicalHost(match[1] as string)?.toLowerCase();
  if (authority === undefined || authority !== request.headers.host?.toLowerCase())
    throw new GatewayError('host_invalid');
  const rest = match[2] as string;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A query is passed on byte for byte: no fragment, no controls, no space. */
function isQuery(query: string): boolean {
  for (let i = 0; i < query.length; i++) {
    const code = query.charCodeAt(i);
    if (code <= 0x20 || code === 0x23 || code === 0x7f) return false;
  }
  return true;
}
