import type { IncomingHttpHeaders } from 'node:http';
import { cookieOf } from '../lib/cookie.ts';
import { Rendezvous } from '../lib/rendezvous.ts';
import type { Asker } from '../upstream/balance/hash-key.ts';

/** What keeps a client at its part of a split. */
export type Sticky = 'consumer' | 'session' | 'address';

/** Names a client's session: as a header, or as a cookie. */
const SESSION = 'x-session-id';

/**
 * Which part of a split a client belongs to. It hangs on the client and the names and weights of the parts alone, so it
 * is the same after a reload and in every replica, with nothing to remember; and when weights change, only as many
 * clients change sides as must.
 */
export class Split {
  readonly #parts: Rendezvous;
  readonly #sticky: readonly Sticky[];

  /** @param sticky the first of these that a request has counts */
  constructor(parts: readonly { upstream: string; weight: number }[], sticky: readonly Sticky[]) {
    this.#parts = new Rendezvous(
      parts.map(({ upstream }) => upstream),
      parts.map(({ weight }) => weight),
    );
    this.#sticky = sticky;
  }

  /**
   * @param id of the request, which decides where it has nothing to stick to
   * @returns the index of a part
   */
  choose(asker: Asker, id: string): number {
    for (const by of this.#sticky) {
      const key = keyOf(by, asker);
      // Its kind goes first: a session must not share the fate of a consumer by the same name.
      if (key !== '') return this.#parts.choose(`${by} ${key}`);
    }
    return this.#parts.choose(id);
  }
}

/** '' = none. */
export const sessionOf = (headers: IncomingHttpHeaders): string =>
  headers[SESSION]?.toString() || cookieOf(headers.cookie, SESSION);

function keyOf(by: Sticky, { consumer, client, headers }: Asker): string {
  switch (by) {
    case 'consumer':
      return consumer;
    case 'session':
      return sessionOf(headers);
    case 'address':
      return client;
  }
}
