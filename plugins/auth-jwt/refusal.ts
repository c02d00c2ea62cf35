import { errors } from 'jose';
import { ClaimRefused } from './identity.ts';

/**
 * Why a token was refused, for the log. Put together from names only: messages and properties of the library's errors
 * may hold parts of the token.
 */
export function refusalOf(error: unknown): string {
  if (error instanceof ClaimRefused) return error.message;
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed)
    return `${error.code}: ${error.claim} ${error.reason}`;
  if (error instanceof errors.JOSEError) return error.code;
  return error instanceof Error ? error.name : 'no error';
}
