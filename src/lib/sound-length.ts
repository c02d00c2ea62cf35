import { big, isAt, little } from './byte-numbers.ts';
import { flacSeconds } from './flac-length.ts';
import { mp4Seconds } from './mp4-length.ts';

/** Bytes a second of speech as densely as Opus packs it. */
export const DENSEST_SOUND = 1000;
/** And as it is usually sent (mp3 of 128 kbit/s). */
const USUAL_SOUND = 16_000;

/**
 * Seconds that a file of sound lasts, as its format says: WAV, FLAC, MP3, Ogg (Opus, Vorbis), MP4 and WebM, which is what
 * OpenAI takes. 0 = it doesn't say, or is none of them. Nothing is decoded. Whoever pays for it could write a length that is too
 * short: it counts as no shorter than its bytes make likely. The frames of MP3 and FLAC are counted.
 */
export function soundSeconds(file: Buffer): number {
  const bytes = file.subarray(tagBytes(file, 0));
  if (isAt(bytes, 0, 'RIFF') && isAt(bytes, 8, 'WAVE')) return ofWav(bytes);
  if (isAt(bytes, 0, 'fLaC')) return flacSeconds(bytes);
  if (isAt(bytes, 0, 'OggS')) return atLeast(ofOgg(bytes), bytes.length / USUAL_SOUND);
  if (isAt(bytes, 4, 'ftyp')) return atLeast(mp4Seconds(bytes), bytes.length / USUAL_SOUND);
  if (isAt(bytes, 0, '\x1aE\xdf\xa3')) return atLeast(ofWebm(bytes), bytes.length / USUAL_SOUND);
  return ofMp3(bytes);
}

const atLeast = (seconds: number, least: number): number => (seconds > 0 ? Math.max(seconds, least) : 0);

/**
 * ID3v2, before an MP3 and now and then before others: its size is written in 7 bits a byte. What is none to decoders, who
 * look for these bits, too, is none here: they play what stands in it.
 */
function tagBytes(bytes: Buffer, at: number): number {
  if (!isAt(bytes, at, 'ID3') || big(bytes, at + 3, 1) === 0xff || big(bytes, at + 4, 1) === 0xff) return 0;
  const size = big(bytes, at + 6, 4);
  if ((size & 0x80808080) !== 0) return 0;
  const packed = (size >>> 24) * 2 ** 21 + ((size >>> 16) & 127) * 2 ** 14 + ((size >>> 8) & 127) * 128;
  const footer = big(bytes, at + 5, 1) & HAS_FOOTER ? TAG_HEAD : 0;
  return TAG_HEAD + packed + (size & 127) + footer;
}

const TAG_HEAD = 10;
const HAS_FOOTER = 0x10;

/** The form of WAV that says behind its usual head which one it is. */
const EXTENSIBLE = 0xfffe;

/** All of it counts as samples: how many there are is not written where it was streamed. Of packed ones the head says the rate. */
function ofWav(bytes: Buffer): number {
  let at = 12;
  while (at < bytes.length && !isAt(bytes, at, 'fmt ')) {
    const size = little(bytes, at + 4, 4);
    at += 8 + size + (size % 2);
  }
  const format = at + 8;
  const said = little(bytes, format, 2);
  const form = said === EXTENSIBLE ? little(bytes, format + 24, 2) : said;
  const width = sampleBytes(form, little(bytes, format + 14, 2));
  if (width === undefined) {
    const rate = little(bytes, format + 8, 4);
    return rate > 0 ? atLeast(bytes.length / rate, bytes.length / USUAL_SOUND) : 0;
  }
  const plain = little(bytes, format + 2, 2) * little(bytes, format + 4, 4) * width;
  return plain > 0 ? bytes.length / plain : 0;
}

/** Of plain samples: integers, floats, A-law and µ-law, which have one byte whatever is said. 0 = nobody plays it. */
function sampleBytes(form: number, bits: number): number | undefined {
  if (form === 6 || form === 7) return 1;
  if (form !== 1 && form !== 3) return undefined;
  return bits <= 64 ? Math.ceil(bits / 8) : 0;
}

const PAGE = 'OggS';
const PAGE_HEAD = 27;
const BEGINS = 2;

/** RFC 3533 section 6: each page says how far it reaches. Streams may follow one another. */
function ofOgg(bytes: Buffer): number {
  let [seconds, latest, rate] = [0, 0, 0];
  for (let at = 0; at >= 0; ) {
    const body = at + PAGE_HEAD + big(bytes, at + 26, 1);
    if ((big(bytes, at + 5, 1) & BEGINS) !== 0) {
      rate = oggRate(bytes, body);
      seconds += latest;
      latest = 0;
    }
    if (rate === 0) return 0;
    // The last two of its 8 bytes are nothing, or it says that nothing ends here.
    if (little(bytes, at + 12, 2) === 0) latest = Math.max(latest, little(bytes, at + 6, 6) / rate);
    let end = body;
    for (let i = at + PAGE_HEAD; i < body; i++) end += bytes[i] ?? 0;
    at = bytes.indexOf(PAGE, end);
  }
  return seconds + latest;
}

/** Opus counts as if it had 48,000 samples a second, whatever it was made of (RFC 7845 section 4). */
function oggRate(bytes: Buffer, at: number): number {
  if (isAt(bytes, at, 'OpusHead')) return 48_000;
  return isAt(bytes, at, '\x01vorbis') ? little(bytes, at + 12, 4) : 0;
}

const CLUSTER = '\x1fC\xb6u';
const TIME = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;

/**
 * RFC 9559: when the last block of the last cluster begins. What a browser records has no length in its head; its times
 * are in milliseconds.
 */
function ofWebm(bytes: Buffer): number {
  const cluster = bytes.lastIndexOf(CLUSTER, bytes.length, 'latin1');
  if (cluster < 0) return 0;
  let [begins, latest] = [0, 0];
  // What has a longer name is no part of a cluster.
  for (let at = cluster + 4 + vint(bytes, cluster + 4).length; (bytes[at] ?? 0) >= 0x80; ) {
    const id = bytes[at];
    const { length, value: size } = vint(bytes, at + 1);
    const data = at + 1 + length;
    if (id === TIME) begins = big(bytes, data, size);
    else if (id === SIMPLE_BLOCK || id === BLOCK) {
      const after = big(bytes, data + vint(bytes, data).length, 2);
      latest = Math.max(latest, begins + ((after << 16) >> 16));
    }
    at = id === BLOCK_GROUP ? data : data + size;
  }
  return Math.max(begins, latest) / 1000;
}

/** A number as long as the noughts before its first bit say (RFC 8794 section 4). */
function vint(bytes: Buffer, at: number): { length: number; value: number } {
  const length = Math.min(8, Math.clz32(big(bytes, at, 1)) - 23);
  return { length, value: big(bytes, at, length) % 2 ** (7 * length) };
}

/** kbit/s of layer III by their number; 0 has none, nor has 15. */
const KBITS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const HERTZ = [44_100, 48_000, 32_000];
const LAYER_3 = 1;

/** Frame by frame (ISO/IEC 11172-3 section 2.4.1); what is none at the end counts as sound all the same. */
function ofMp3(bytes: Buffer): number {
  let [at, seconds] = [0, 0];
  for (let frame = frameAt(bytes, at); frame; frame = frameAt(bytes, at)) {
    at += frame.length;
    // Between frames a tag may hold some of them.
    const tag = tagBytes(bytes, at);
    seconds += frame.seconds + tag / DENSEST_SOUND;
    at += tag;
  }
  return seconds > 0 ? seconds + Math.max(0, bytes.length - at) / DENSEST_SOUND : 0;
}

function frameAt(bytes: Buffer, at: number): { length: number; seconds: number } | undefined {
  const head = big(bytes, at, 4);
  // 3: MPEG 1; 2: MPEG 2; 0: what is called MPEG 2.5.
  const version = (head >>> 19) & 3;
  const isFirst = version === 3;
  const kbits = (isFirst ? KBITS_1 : KBITS_2)[(head >>> 12) & 15];
  const most = HERTZ[(head >>> 10) & 3];
  if (head >>> 21 !== 0x7ff || version === 1 || ((head >>> 17) & 3) !== LAYER_3 || !kbits || !most)
    return undefined;
  const hertz = most / (isFirst ? 1 : 4 - version);
  const samples = isFirst ? 1152 : 576;
  const length = Math.floor((samples * kbits * 125) / hertz) + ((head >>> 9) & 1);
  return { length, seconds: samples / hertz };
}
