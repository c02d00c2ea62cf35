import { importPKCS8, SignJWT } from 'jose';
import { parseObject, textOf } from '../../../lib/json.ts';
import { NoToken } from '../../no-token.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Google takes assertions of up to an hour. */
const ASSERTION_SECONDS = 3_600;
/** A token is renewed this long before it ends, so that none ends on its way. */
const RENEW_BEFORE_MS = 300_000;
const PATIENCE_MS = 10_000;
/** What is said of the account and its key (RFC 6749 section 5.2); all else is trouble of the service itself. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/** As the global one. */
export type Fetch = typeof globalThis.fetch;

/**
 * Access tokens of a service account (RFC 7523): a JWT signed with its key, exchanged at `tokenUrl` and nowhere else,
 * whatever address the key file names. One is kept until shortly before its end; calls that need a new one share it.
 */
export class AccessToken {
  readonly #key: string;
  readonly #tokenUrl: string;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  #current = '';
  #renewAt = 0;
  #pending: Promise<string> | undefined;

  /**
   * @param key the service account's key file
   * @param fetch asks
   * @param now milliseconds since the epoch
   */
  constructor(key: string, tokenUrl: string, fetch: Fetch, now: () => number = Date.now) {
    this.#key = key;
    this.#tokenUrl = tokenUrl;
    this.#fetch = fetch;
    this.#now = now;
  }

  /** @throws NoToken; the next call tries again */
  get(): string | Promise<string> {
    if (this.#now() < this.#renewAt) return this.#current;
    this.#pending ??= this.#exchange().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #exchange(): Promise<string> {
    const askedAt = this.#now();
    let isRefused = false;
    try {
      const response = await this.#fetch(this.#tokenUrl, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: GRANT, assertion: await this.#assertion() }),
        // The assertion is meant for this address alone.
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      isRefused = REFUSALS.has(response.status);
      const said = parseObject(await response.text()) ?? {};
      const token = textOf(said.access_token);
      const seconds = Number(said.expires_in);
      // The words of an error may hold the assertion: only its code goes on.
      if (token === '' || !Number.isFinite(seconds))
        throw new Error(`no token for the service account: ${response.status} ${textOf(said.error)}`);
      this.#current = token;
      this.#renewAt = askedAt + seconds * 1000 - RENEW_BEFORE_MS;
      return token;
    } catch (cause) {
      throw new NoToken(cause, isRefused);
    }
  }

  async #assertion(): Promise<string> {
    const key = parseObject(this.#key);
    if (!key) throw new Error('the key of the service account is not JSON');
    const seconds = Math.floor(this.#now() / 1000);
    return await new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: textOf(key.private_key_id) })
      .setIssuer(textOf(key.client_email))
      .setAudience(this.#tokenUrl)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ASSERTION_SECONDS)
      .sign(await importPKCS8(textOf(key.private_key), 'RS256'));
  }
}
