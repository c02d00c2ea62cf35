const BASIC = 'basic ';
const COLON = 0x3a;
/** Characters of base64. Longer is no machine's password; hashing it for a stranger is not our business. */
const LONGEST = 2048;

export interface Credentials {
  readonly name: string;
  /** The bytes as they came: what is hashed. */
  readonly password: Buffer;
}

/**
 * Name and password of an Authorization header (RFC 7617 section 2).
 * @returns undefined if the header is absent or of another scheme; null if it is Basic and malformed
 */
export function credentialsOf(authorization: string | undefined): Credentials | null | undefined {
  if (authorization === undefined || authorization.slice(0, BASIC.length).toLowerCase() !== BASIC)
    return undefined;
  if (authorization.length > LONGEST) return null;
  const bytes = Buffer.from(authorization.slice(BASIC.length).trim(), 'base64');
  const colon = bytes.indexOf(COLON);
  if (colon < 0) return null;
  return { name: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}
