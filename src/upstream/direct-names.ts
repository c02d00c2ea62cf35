import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Resolve } from './addresses.ts';

export interface DirectNamesOptions {
  resolver: Pick<Resolver, 'resolve4' | 'resolve6'>;
  /** Text of the hosts file and of resolv.conf; fails where there is none. */
  hosts(): Promise<string>;
  configuration(): Promise<string>;
}

/** What the DNS says where there is nothing. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Names past the system: the hosts file, else the DNS with the system's search domains. It needs no thread of the few
 * that `getaddrinfo` has, gives up in its own time, and knows less: no mDNS, nothing of nsswitch.conf.
 */
export const directNames =
  ({ resolver, hosts, configuration }: DirectNamesOptions): Resolve =>
  async (hostname) => {
    const listed = inHosts(await hosts(), hostname);
    if (listed.length > 0) return listed;
    const fullNames = completed(hostname, await configuration());
    for (const name of fullNames) {
      const found = await inDns(resolver, name);
      if (found.length > 0) return found;
    }
    throw Object.assign(new Error(`${hostname} is not found`), { code: 'ENOTFOUND', hostname });
  };

/** Of this machine. */
export const directResolve = (): Resolve =>
  directNames({
    resolver: new Resolver({ timeout: 1_500, tries: 2 }),
    hosts: () => readFile('/etc/hosts', 'utf8'),
    configuration: () => readFile('/etc/resolv.conf', 'utf8'),
  });

/** Lines of an address and its names (hosts(5)). */
function inHosts(text: string, hostname: string): LookupAddress[] {
  const wanted = hostname.toLowerCase();
  return linesOf(text).flatMap(([address = '', ...names]) => {
    const family = isIP(address);
    const isMeant = family !== 0 && names.some((name) => name.toLowerCase() === wanted);
    return isMeant ? [{ address, family }] : [];
  });
}

/** What the system would ask the DNS for, in its order (`search`, `domain` and `ndots` of resolv.conf(5)). */
function completed(hostname: string, text: string): string[] {
  if (hostname.endsWith('.')) return [hostname];
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return [];
  let domains: string[] = [];
  let ndots = 1;
  for (const [keyword, ...values] of linesOf(text)) {
    // The last one holds.
    if (keyword === 'search' || keyword === 'domain') domains = values;
    const dots = keyword === 'options' ? values.find((value) => value.startsWith('ndots:')) : undefined;
    if (dots !== undefined) ndots = Number(dots.slice('ndots:'.length));
  }
  const inDomains = domains.map((domain) => `${hostname}.${domain}`);
  return hostname.split('.').length > ndots ? [hostname, ...inDomains] : [...inDomains, hostname];
}

/** All of a name's addresses: half of them would look as if the others were gone. Fails where the DNS does not say. */
async function inDns(resolver: DirectNamesOptions['resolver'], name: string): Promise<LookupAddress[]> {
  const none = (error: NodeJS.ErrnoException): string[] => {
    if (NOTHING.has(error.code)) return [];
    throw error;
  };
  const [v4, v6] = await Promise.all([
    resolver.resolve4(name).catch(none),
    resolver.resolve6(name).catch(none),
  ]);
  return [...v4.map((address) => ({ address, family: 4 })), ...v6.map((address) => ({ address, family: 6 }))];
}

/** Words of each line; what stands behind a `#` or `;` is a comment. */
const linesOf = (text: string): string[][] =>
  text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
