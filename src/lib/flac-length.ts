import { big } from './byte-numbers.ts';

/** Of the stream's own description (RFC 9639 section 8.2): samples a second, where a frame doesn't say. */
const RATE_AT = 18;

/** How frames begin: all of a stream in one of two ways. */
const BEGINNINGS = [Buffer.from([0xff, 0xf8]), Buffer.from([0xff, 0xf9])];
/** Seven hours of sound have as many. Nobody looks longer: what looks like frames without end would hold everybody up. */
const MOST_FRAMES = 300_000;

/**
 * Seconds of FLAC, frame by frame (RFC 9639 section 9.1): what its head says of the whole, whoever pays for it could write.
 * Frames don't say how long they are; they are found by how they begin, as decoders find them. 0 = there are none, or too many.
 */
export function flacSeconds(bytes: Buffer): number {
  const usual = big(bytes, RATE_AT, 3) >>> 4;
  let [seconds, looked] = [0, 0];
  for (const beginning of BEGINNINGS)
    for (let at = bytes.indexOf(beginning); at >= 0; at = bytes.indexOf(beginning, at + 2)) {
      if (++looked > MOST_FRAMES) return 0;
      seconds += frameSeconds(bytes, at, usual);
    }
  return seconds;
}

const HERTZ = [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
/** Where the number of a frame begins, which is written as in UTF-8, in up to seven bytes. */
const NUMBER_AT = 4;

/** @returns 0 where it only looks like one */
function frameSeconds(bytes: Buffer, at: number, usual: number): number {
  const head = big(bytes, at + 2, 2);
  const block = head >>> 12;
  const rate = (head >>> 8) & 15;
  const isReserved = ((head >>> 4) & 15) > 10 || (head & 1) === 1 || (head & 15) === 6;
  const ones = Math.clz32(~(big(bytes, at + NUMBER_AT, 1) << 24));
  if (block === 0 || rate === 15 || isReserved || ones === 1 || ones > 7) return 0;
  const blockAt = at + NUMBER_AT + Math.max(1, ones);
  const rateAt = blockAt + (block === 6 ? 1 : block === 7 ? 2 : 0);
  const end = rateAt + (rate < 12 ? 0 : rate === 12 ? 1 : 2);
  if (end >= bytes.length || crc8(bytes, at, end) !== bytes[end]) return 0;
  const samples = samplesOf(block, big(bytes, blockAt, rateAt - blockAt));
  const written = big(bytes, rateAt, end - rateAt) * (rate === 12 ? 1000 : rate === 14 ? 10 : 1);
  const hertz = rate < 12 ? HERTZ[rate] || usual : written;
  return hertz > 0 ? samples / hertz : 0;
}

/** @param written behind the head, one less */
function samplesOf(block: number, written: number): number {
  if (block === 1) return 192;
  if (block < 6) return 144 * 2 ** block;
  return block < 8 ? written + 1 : 2 ** block;
}

/** Of each byte; the polynomial is x⁸ + x² + x + 1. */
const CRC = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80 ? 0x107 : 0);
  return crc;
});

function crc8(bytes: Buffer, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at++) crc = CRC[crc ^ (bytes[at] as number)] as number;
  return crc;
}
