/** What a request says about answers that are kept (RFC 9111 section 5.2.1). */
export interface RequestControl {
  /** The answer must not be kept, nor come from what is. */
  readonly noStore: boolean;
  /** The answer must be a new one; it may be kept. */
  readonly noCache: boolean;
  /** The oldest that will do, in milliseconds. */
  readonly maxAgeMs: number;
}

const ANY: RequestControl = { noStore: false, noCache: false, maxAgeMs: Number.POSITIVE_INFINITY };

/** @param header Cache-Control as it came; what is no directive of these means nothing */
export function requestControl(header: string | undefined): RequestControl {
  if (header === undefined) return ANY;
  let { noStore, noCache, maxAgeMs } = ANY;
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((word) => word.trim());
    if (name === 'no-store') noStore = true;
    else if (name === 'no-cache') noCache = true;
    else if (name === 'max-age') {
      const seconds = Number(value.replaceAll('"', '') || Number.NaN);
      // What can't be read is the shortest: an answer too many is better than one too old.
      maxAgeMs = Math.min(maxAgeMs, seconds >= 0 ? seconds * 1000 : 0);
    }
  }
  return { noStore, noCache, maxAgeMs };
}
