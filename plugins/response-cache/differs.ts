import type { CachedAnswer } from '../../src/contracts/cache.ts';
import type { UpstreamResponse } from '../../src/contracts/policy.ts';

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/**
 * Whether an answer of the origin says something else than the one that was kept. Its body is read: by the bytes, where
 * there are any, since a validator may change with each of an origin's machines though nothing else has.
 *
 * @param most bytes that are read
 * @returns undefined: it can't be told
 */
export async function differs(
  { status, body }: UpstreamResponse,
  kept: CachedAnswer,
  most: number,
): Promise<boolean | undefined> {
  if (status === 304) return false;
  const bytes = body === null || Buffer.isBuffer(body) ? body : await read(body, most);
  if (bytes === undefined || !isSuccess(status)) return status === 404 || status === 410 ? true : undefined;
  return bytes !== null && !bytes.equals(kept.body);
}

async function read(stream: AsyncIterable<Buffer>, most: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of stream) {
      size += part.length;
      // Leaving ends the stream.
      if (size > most) return undefined;
      parts.push(part);
    }
  } catch {
    // Half an answer says nothing.
    return undefined;
  }
  return Buffer.concat(parts);
}
