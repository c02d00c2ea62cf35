import type { IncomingHttpHeaders } from 'node:http';
import { isSecretAt } from '../config/wording.ts';

/** What a route asks of a request beyond path and method. */
export interface Conditions {
  /** Lower-case host name without port, or `*.example.com` for every name below. */
  host?: string | undefined;
  /** Values by header name; `*` = the header is there. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Set where only preflights are meant: the method that they must ask about. */
  preflightFor?: string | undefined;
}

/** Whether a route asks for anything beyond path and method. */
export const hasConditions = (conditions: Conditions): boolean =>
  conditions.host !== undefined || Object.keys(conditions.headers ?? {}).length > 0;

/** Host without port, lower case: `API.example.com:8080` → `api.example.com`, `[::1]:80` → `[::1]`. */
export function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}

/** The host that a route names, as a request's is read: a dot at its end says nothing. */
const wantedHost = (host: string): string => host.toLowerCase().replace(/\.$/, '');

function hostMatches(wanted: string, name: string): boolean {
  return wanted.startsWith('*.')
    ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1
    : name === wanted;
}

/** The first condition that a request does not meet, as a sentence for people; null if it meets all. */
export function unmetCondition(conditions: Conditions, headers: IncomingHttpHeaders): string | null {
  const { host } = conditions;
  if (host !== undefined && !hostMatches(wantedHost(host), hostName(headers.host ?? ''))) {
    return `host is ${headers.host ? `"${hostName(headers.host)}"` : 'not given'}, not "${host}"`;
  }
  for (const [name, wanted] of Object.entries(conditions.headers ?? {})) {
    const value = headers[name.toLowerCase()];
    if (value === undefined) return `header ${name} is missing`;
    if (wanted !== '*' && value !== wanted)
      return `header ${name} is not ${isSecretAt(['headers', name]) ? 'what the route asks for' : `"${wanted}"`}`;
  }
  return null;
}

/**
 * How much a route asks: of two that match, the one that asks for more wins (more headers, then more exact values, then
 * the narrower host), then the one that stands first.
 */
export function demand(conditions: Conditions): number {
  const host = conditions.host === undefined ? 0 : conditions.host.startsWith('*.') ? 1 : 2;
  const values = Object.values(conditions.headers ?? {});
  return host + 3 * values.filter((value) => value !== '*').length + 1000 * values.length;
}

/** Equal for conditions that say the same, however they are written. */
export function conditionsKey({ host, headers = {} }: Conditions): string {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  named.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([wantedHost(host ?? ''), named]);
}

/** The question of a browser whether a page may send a request (Fetch standard, CORS-preflight request). */
export const isPreflight = (headers: IncomingHttpHeaders): boolean =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/** A preflight says which headers the request will have, not what will be in them. */
function isNamed(header: string, headers: IncomingHttpHeaders): boolean {
  const named = headers['access-control-request-headers']?.split(',') ?? [];
  return header in headers || named.some((name) => name.trim().toLowerCase() === header);
}

/** Conditions made ready for the request path: no allocation but the host's name. */
export function compileConditions(
  conditions: Conditions,
): (name: string, headers: IncomingHttpHeaders) => boolean {
  const host = conditions.host === undefined ? undefined : wantedHost(conditions.host);
  const suffix = host?.startsWith('*.') ? host.slice(1) : undefined;
  const names = Object.keys(conditions.headers ?? {}).map((name) => name.toLowerCase());
  const values = Object.values(conditions.headers ?? {});
  const { preflightFor } = conditions;
  return (name, headers) => {
    if (suffix !== undefined) {
      if (name.length <= suffix.length || !name.endsWith(suffix)) return false;
    } else if (host !== undefined && host !== name) return false;
    if (preflightFor !== undefined) {
      if (!isPreflight(headers) || headers['access-control-request-method'] !== preflightFor) return false;
      return names.every((header) => isNamed(header, headers));
    }
    for (let i = 0; i < names.length; i++) {
      const value = headers[names[i] as string];
      if (value === undefined || (values[i] !== '*' && values[i] !== value)) return false;
    }
    return true;
  };
}
