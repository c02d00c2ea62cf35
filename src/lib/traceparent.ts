import { cutText } from './cut-text.ts';
import { randomHex } from './request-id.ts';

export interface TraceContext {
  traceId: string;
  /** The span of this hop. */
  spanId: string;
  flags: string;
}

const isLowerHex = (text: string, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
};

/** Characters of version 00. */
const LENGTH = 55;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);

/** The first 52 bits of a trace id, as a share of all: the same in each service that decides so. */
const shareOf = (traceId: string): number => Number.parseInt(traceId.slice(0, 13), 16) / 0x10000000000000;

/**
 * Continues the caller's trace, or starts one. W3C Trace Context level 1, section 3.2: `00-<32>-<16>-<2>`; a header
 * that isn't that is as good as none.
 *
 * @param sample share of the traces begun here that are sampled, from 0 to 1: of others their caller has decided
 */
export function traceContext(header: string | undefined, sample = 1): TraceContext {
  if (
    header !== undefined &&
    header.length >= 55 &&
    header[2] === '-' &&
    header[35] === '-' &&
    header[52] === '-' &&
    isLowerHex(header, 0, 2) &&
    isLowerHex(header, 3, 35) &&
    isLowerHex(header, 36, 52) &&
    isLowerHex(header, 53, 55) &&
    (header.startsWith('00')
      ? header.length === 55
      : !header.startsWith('ff') && (header.length === 55 || header[55] === '-'))
  ) {
    // Of a later version more may follow, which would stay in memory with the id.
    const traceId = cutText(header, LENGTH).slice(3, 35);
    if (traceId !== ZERO_TRACE && header.slice(36, 52) !== ZERO_SPAN) {
      return { traceId, spanId: randomHex(8), flags: header.slice(53, 55) };
    }
  }
  const both = randomHex(24);
  const traceId = both.slice(0, 32);
  const isSampled = sample >= 1 || shareOf(traceId) < sample;
  return { traceId, spanId: both.slice(32), flags: isSampled ? '01' : '00' };
}
