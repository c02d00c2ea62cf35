import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';

/** Keys of an issuer. More than any issuer has; each is a cost when a set is read. */
const MOST_KEYS = 100;
const PUBLIC_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/** A secret in a published set is a mistake of the issuer: whoever read it could sign. */
const isPublic = (key: unknown): key is JWK =>
  typeof key === 'object' && key !== null && PUBLIC_TYPES.has((key as JWK).kty) && !('d' in key);

/**
 * What the issuer has published. Keys that can't be for signatures are passed over, as RFC 7517 section 5 asks.
 * @throws Error if it is no JWK Set
 */
export function readKeySet(text: string): JWTVerifyGetKey {
  let keys: unknown;
  try {
    keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys;
  } catch {
    // The parser's own message repeats what was sent.
    throw new Error('the issuer sent no JSON');
  }
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new Error('the issuer sent no JWK Set');
  return createLocalJWKSet({ keys: keys.filter(isPublic) });
}

/** RFC 7518 section 3.3. */
const LEAST_RSA_BITS = 2048;
const ALGORITHM_OF_CURVE: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};

const algorithmOf = (key: Record<string, unknown>): string | undefined =>
  key.kty === 'RSA' ? 'RS256' : ALGORITHM_OF_CURVE[String(key.crv)];

/** What is wrong with keys that stand in the config: the first that is no public key for signatures; undefined if none. */
export function keySetProblem(keys: readonly Record<string, unknown>[]): string | undefined {
  for (const [index, key] of keys.entries()) {
    const where = `jwks.keys[${index}]`;
    if ('d' in key || key.kty === 'oct') return `${where} is a secret: the gateway needs the public key only`;
    if (algorithmOf(key) === undefined || !isStrong(key)) return `${where} is no public key for signatures`;
  }
  return undefined;
}

function isStrong(key: Record<string, unknown>): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' });
    return (asymmetricKeyDetails?.modulusLength ?? LEAST_RSA_BITS) >= LEAST_RSA_BITS;
  } catch {
    // It is no key at all, which is what is asked.
    return false;
  }
}

/**
 * Keys that stand in the config.
 * @param keys that `keySetProblem` finds nothing wrong with
 * @throws Error that names the first that is meant for something else than to verify (its key_ops, say)
 */
export async function configuredKeySet(keys: readonly Record<string, unknown>[]): Promise<JWTVerifyGetKey> {
  for (const [index, key] of keys.entries()) {
    try {
      await importJWK(key as JWK, algorithmOf(key));
    } catch (cause) {
      throw new Error(`auth-jwt.jwks.keys[${index}] is no public key for signatures`, { cause });
    }
  }
  return createLocalJWKSet({ keys: keys as JWK[] });
}
