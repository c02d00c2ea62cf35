import type { IncomingHttpHeaders } from 'node:http';
import { cookieOf } from '../../lib/cookie.ts';

/** Who sends a request, as far as stickiness goes. */
export interface Asker {
  /** '' = none. */
  readonly consumer: string;
  /** Address. */
  readonly client: string;
  /** As received. */
  readonly headers: IncomingHttpHeaders;
}

/** What a hash goes by. */
export interface HashBy {
  by: 'header' | 'cookie' | 'consumer' | 'address';
  /** Of the header or cookie. */
  name: string;
}

/** The text that a request is hashed by. Where it doesn't bring what was asked for, its address stands in. */
export function hashKeyOf({ by, name }: HashBy): (asker: Asker) => string {
  const header = name.toLowerCase();
  switch (by) {
    case 'header':
      return ({ headers, client }) => headers[header]?.toString() || client;
    case 'cookie':
      return ({ headers, client }) => cookieOf(headers.cookie, name) || client;
    case 'consumer':
      return ({ consumer, client }) => consumer || client;
    case 'address':
      return ({ client }) => client;
  }
}
