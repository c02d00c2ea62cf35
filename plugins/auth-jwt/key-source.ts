import { checkedUrl } from './checked-url.ts';
import { type Fetch, fetchText } from './fetch-text.ts';

/** Where a key set comes from. */
export interface KeySource {
  /** The same for the same place. */
  readonly identity: string;
  /**
   * @param timeout whole milliseconds, for each answer
   * @returns the JWK Set as text
   */
  fetch(timeout: number, stop: AbortSignal): Promise<string>;
}

/** @throws Error that says what is wrong with the address */
export function keysAt(jwksUri: string, ask: Fetch): KeySource {
  const uri = checkedUrl(jwksUri, 'jwksUri');
  return { identity: uri, fetch: (timeout, stop) => fetchText(ask, uri, timeout, stop) };
}

/**
 * Asks the issuer where its keys are (OpenID Connect Discovery 1.0 section 4), each time, so that they may move. Of the
 * document only `issuer` and `jwks_uri` are used, so jose's key set behind one more GET does it and openid-client, which
 * is made for logging people in and wants a client id, has nothing to add.
 *
 * @param origins on which keys are believed besides the issuer's own: whoever can change the document chooses the keys
 * @throws Error that says what is wrong with the issuer or an origin
 */
export function discoveredKeys(issuer: string, origins: readonly string[], ask: Fetch): KeySource {
  const base = checkedUrl(issuer, 'issuer, which discovery asks,');
  if (base.includes('?')) throw new Error('issuer, which discovery asks, must have no query');
  const document = `${base.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const allowed = new Set([base, ...origins.map((each) => checkedUrl(each, 'jwksOrigins'))].map(originOf));
  return {
    identity: JSON.stringify([document, ...allowed]),
    async fetch(timeout, stop) {
      const uri = jwksUriOf(await fetchText(ask, document, timeout, stop), issuer);
      if (!allowed.has(originOf(uri)))
        throw new Error(
          `the issuer's keys are on ${originOf(uri)}: if that is right, add it to auth-jwt.jwksOrigins`,
        );
      return fetchText(ask, uri, timeout, stop);
    },
  };
}

const originOf = (url: string): string => new URL(url).origin;

function jwksUriOf(text: string, issuer: string): string {
  let found: { issuer?: unknown; jwks_uri?: unknown } | null;
  try {
    found = JSON.parse(text) as typeof found;
  } catch {
    // The parser's own message repeats what was sent.
    throw new Error('the issuer sent no JSON');
  }
  // Section 4.3: to the letter, or the document is about somebody else.
  if (found?.issuer !== issuer) throw new Error('the discovery document is about another issuer');
  if (typeof found.jwks_uri !== 'string') throw new Error('the discovery document names no jwks_uri');
  return checkedUrl(found.jwks_uri, 'the jwks_uri of the discovery document');
}
