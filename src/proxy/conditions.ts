import type { IncomingHttpHeaders } from 'node:http';

/** What a route asks of a request beyond path and method. */
export interface Conditions {
  /** Lower-case host name without port, or `*.example.com` for every name below. */
  host?: string | undefined;
  /** Values by header name; `*` = the header is there. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Whether a route asks for anything beyond path and method. */
export const hasConditions = (conditions: Conditions): boolean =>
  conditions.host !== undefined || Object.keys(conditions.headers ?? {}).length > 0;

/** Host without port, lower case: `API.example.com:8080` → `api.example.com`, `[::1]:80` → `[::1]`. */
export function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}

function hostMatches(wanted: string, host: string): boolean {
  const name = hostName(host);
  return wanted.startsWith('*.')
    ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1
    : name === wanted;
}

/** The first condition that a request does not meet, as a sentence; null if it meets all. */
export function unmetCondition(conditions: Conditions, headers: IncomingHttpHeaders): string | null {
  if (conditions.host !== undefined && !hostMatches(conditions.host.toLowerCase(), headers.host ?? '')) {
    return `host is ${headers.host ? `"${hostName(headers.host)}"` : 'not given'}, not "${conditions.host}"`;
  }
  for (const [name, wanted] of Object.entries(conditions.headers ?? {})) {
    const value = headers[name.toLowerCase()];
    if (value === undefined) return `header ${name} is missing`;
    if (wanted !== '*' && value !== wanted) return `header ${name} is not "${wanted}"`;
  }
  return null;
}

/** How much a route asks: of two that match, the one that asks for more wins, then the one that stands first. */
function weight(conditions: Conditions): number {
  const host = conditions.host === undefined ? 0 : conditions.host.startsWith('*.') ? 1 : 2;
  return host + 4 * Object.keys(conditions.headers ?? {}).length;
}

interface Entry {
  conditions: Conditions;
  handlers: number;
}

interface Derived {
  headers: IncomingHttpHeaders;
}

/** Conditions as a constraint of find-my-way: chosen among the routes that share a path and a method. */
export const conditionsStrategy = {
  name: 'conditions',
  mustMatchWhenDerived: false,
  validate: (): void => undefined,
  deriveConstraint: (request: Derived): Derived => request,
  storage: () => {
    const entries: Entry[] = [];
    return {
      // Called with a route's own conditions while the tree is built, with a request when it is used.
      get: (key: Conditions | Derived): number | undefined => {
        const own = entries.find((entry) => entry.conditions === key);
        if (own) return own.handlers;
        return entries.find((entry) => unmetCondition(entry.conditions, (key as Derived).headers) === null)
          ?.handlers;
      },
      set: (conditions: Conditions, handlers: number): void => {
        const own = entries.find((entry) => entry.conditions === conditions);
        if (own) own.handlers = handlers;
        else entries.push({ conditions, handlers });
        entries.sort((a, b) => weight(b.conditions) - weight(a.conditions));
      },
    };
  },
};
