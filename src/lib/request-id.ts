import { randomBytes, randomUUID } from 'node:crypto';

const LONGEST = 128;

/** Letters, digits and `._-`, 8 to 128 of them: what may stand in a log and a header without a second look. */
export function isRequestId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length < 8 || value.length > LONGEST) return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (!letter && !(code >= 0x30 && code <= 0x39) && code !== 0x2d && code !== 0x2e && code !== 0x5f)
      return false;
  }
  return true;
}

export const newRequestId = (): string => randomUUID();

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let used = 0;

/** Random lower-case hex of `bytes` bytes, from a pool: one system call serves hundreds of requests. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const hex = pool.toString('hex', used, used + bytes);
  used += bytes;
  return hex;
}
