import { createHash, timingSafeEqual } from 'node:crypto';
import { ADMIN_RIGHTS, type AdminRight } from '../config/schema/server.ts';

/** Who uses the admin API. */
export interface Operator {
  /** Of the token: `admin` for `admin.token`, `local` where no token is asked for. */
  readonly name: string;
  readonly rights: readonly AdminRight[];
}

export interface AdminTokens {
  /** '' = none. */
  readonly token: string;
  readonly tokens: readonly {
    name: string;
    token?: string | undefined;
    sha256?: string | undefined;
    rights: readonly AdminRight[];
  }[];
}

interface Known extends Operator {
  readonly digest: Buffer;
}

const LOCAL: Operator = { name: 'local', rights: ADMIN_RIGHTS };

/** The holders of admin tokens, as the config that serves names them: a token taken out of it opens nothing any more. */
export class Operators {
  readonly #tokens: () => AdminTokens;
  #read: AdminTokens | undefined;
  #known: readonly Known[] = [];

  /** @param tokens the `admin` section of the config that serves */
  constructor(tokens: () => AdminTokens) {
    this.#tokens = tokens;
  }

  /** Whether there is any token at all. */
  get isAskedFor(): boolean {
    return this.#current().length > 0;
  }

  /** Who may do everything where no token is asked for. */
  get local(): Operator {
    return LOCAL;
  }

  /** Whose token it is. Takes the same time for each wrong token, and looks at all of them for a right one. */
  find(token: string): Operator | undefined {
    const digest = digestOf(token);
    let found: Operator | undefined;
    for (const known of this.#current()) {
      if (timingSafeEqual(known.digest, digest)) found = known;
    }
    return found;
  }

  /** Whether somebody who was found may still read: the config may have taken the token away, or begun to ask for one. */
  mayRead(operator: Operator): boolean {
    if (operator === LOCAL) return !this.isAskedFor;
    return this.#current().some(
      ({ name, digest, rights }) =>
        name === operator.name && rights.includes('read') && digest.equals((operator as Known).digest),
    );
  }

  #current(): readonly Known[] {
    const admin = this.#tokens();
    if (admin === this.#read) return this.#known;
    this.#read = admin;
    const named = admin.tokens.map(({ name, token, sha256, rights }) => ({
      name,
      rights,
      digest: sha256 === undefined ? digestOf(token ?? '') : Buffer.from(sha256, 'hex'),
    }));
    const main = { name: 'admin', rights: ADMIN_RIGHTS, digest: digestOf(admin.token) };
    this.#known = admin.token === '' ? named : [main, ...named];
    return this.#known;
  }
}

/** Digests, because only what is of one length can be compared in constant time. */
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
