import type { SessionRef } from '../contracts/session.ts';

/** Longest name of a session, in UTF-16 units. */
const LONGEST = 256;

/** Throws `RangeError` unless it names a session: well-formed Unicode of 1 to 256 characters, of any tenant. */
export function checkSession({ tenant, session }: SessionRef): void {
  if (session === '' || session.length > LONGEST || !session.isWellFormed())
    throw new RangeError('a session is named by well-formed Unicode of 1 to 256 characters');
  if (tenant.length > LONGEST || !tenant.isWellFormed())
    throw new RangeError('a tenant is named by well-formed Unicode of at most 256 characters');
}
