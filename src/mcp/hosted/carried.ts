import type { AuthInfo } from '@modelcontextprotocol/server';
import type { HostCaller } from '../server.ts';
import type { Backlog } from './backlog.ts';
import type { Told } from './front.ts';

/** What goes with a request to the package's server on this side, and comes out at its handler. */
export interface Carried {
  readonly caller: HostCaller;
  /** Of its answer's stream. */
  readonly backlog: Backlog;
  /** Of 2026-07-28, where each request has a server of its own. */
  readonly told?: readonly Told[];
}

/**
 * As what the package calls its authentication: nothing else goes with one request alone. Of several that come at once in a
 * session each is its own caller's, to whose exchange belongs what is noted of it.
 */
export const carrying = (carried: Carried): AuthInfo => ({
  token: '',
  clientId: carried.caller.principal,
  scopes: [],
  extra: { ...carried },
});

export const carriedBy = (authInfo: AuthInfo | undefined): Carried => authInfo?.extra as unknown as Carried;
