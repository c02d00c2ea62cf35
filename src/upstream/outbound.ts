import type { LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';
import type { AddressRules } from '../lib/address-rules.ts';
import type { Resolve } from './addresses.ts';
import { connector } from './connector.ts';

/** Milliseconds to open a connection. */
const CONNECT_WITHIN_MS = 10_000;

/** The way out for what is no request of a client: keys of an issuer, guards, tokens, channels, exports. */
export interface Outbound {
  /**
   * As the global one, to addresses that the rules admit. A redirect is never followed: it is the answer, or an error
   * where that is asked for. Not for requests: they go through pools.
   */
  readonly fetch: typeof globalThis.fetch;
  /** For what opens connections by itself. */
  readonly lookup: LookupFunction;
  /** Cuts what runs. */
  close(): Promise<void>;
}

export function openOutbound(rules: AddressRules, resolve: Resolve): Outbound {
  const lookup: LookupFunction = (hostname, { all, family }, callback) => {
    resolve(hostname)
      .then((found) => rules.admitted(hostname, ofFamily(found, family)))
      .then(
        (admitted) => {
          const [first] = admitted;
          if (first === undefined)
            callback(Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' }), []);
          else if (all) callback(null, [...admitted]);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
  };
  const agent = new Agent({ connect: connector(CONNECT_WITHIN_MS, lookup) });
  const asGlobal = fetch as unknown as typeof globalThis.fetch;
  return {
    lookup,
    fetch: (input, init) =>
      asGlobal(input, {
        ...init,
        redirect: init?.redirect === 'error' ? 'error' : 'manual',
        dispatcher: agent,
      } as RequestInit),
    close: () => agent.destroy(),
  };
}

function ofFamily(found: Awaited<ReturnType<Resolve>>, family: number | string | undefined) {
  const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
  return wanted ? found.filter((each) => each.family === wanted) : found;
}
