import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { IssuerKeys } from './issuer-keys.ts';

/** Keys of one algorithm that a token without `kid` is tried with: a rotation has two, and each costs a verification. */
const MOST_CANDIDATES = 16;

/**
 * The claims of a token that is what it should be.
 * @throws NoKeys, or JOSEError that says why not
 */
export async function verifyToken(
  token: string,
  issuer: IssuerKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const { version } = issuer;
  try {
    return await verifyWithAny(token, issuer, options);
  } catch (error) {
    // Of a token that names no key nobody can tell whether its key has been published since.
    if (!(error instanceof errors.JWSSignatureVerificationFailed) || namesKey(token)) throw error;
    await issuer.ask();
    if (issuer.version === version) throw error;
    return await verifyWithAny(token, issuer, options);
  }
}

const namesKey = (token: string): boolean => decodeProtectedHeader(token).kid !== undefined;

async function verifyWithAny(
  token: string,
  { keyFor }: IssuerKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyFor, options)).payload;
  } catch (error) {
    // It names no key, and the issuer has several that it could mean.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (tried++ === MOST_CANDIDATES) break;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (cause) {
        if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw cause;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
