import { decodeJwt, type JWTPayload } from 'jose';
import type { Settings } from './settings.ts';

/** What a token says of itself; undefined: it can't be read, which is left to the verification. */
export function claimsOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a token whoever has signed it: then no key is needed to refuse it, and none is asked for.
 * @param now wall clock, milliseconds since the epoch
 */
export function plainFault(
  { exp, aud }: JWTPayload,
  { audience, clockSkew }: Pick<Settings, 'audience' | 'clockSkew'>,
  now: number,
): string | undefined {
  if (typeof exp !== 'number') return 'exp missing';
  if (exp * 1000 + clockSkew <= now) return 'exp check_failed';
  const wanted = [audience].flat();
  return [aud].flat().some((each) => each !== undefined && wanted.includes(each))
    ? undefined
    : 'aud check_failed';
}
