/** Bytes a second of speech as densely as Opus packs it. */
export const DENSEST_SOUND = 1000;
/** And as it is usually sent (mp3 of 128 kbit/s). */
const USUAL_SOUND = 16_000;

/**
 * Seconds that a file of sound lasts, as its format says: WAV, FLAC, MP3, Ogg (Opus, Vorbis), MP4 and WebM, which is what
 * OpenAI takes. 0 = it doesn't say, or is none of them. Nothing is decoded. Whoever pays for it could write a length that is too
 * short: it counts as no shorter than its bytes make likely. The frames of an MP3 are counted.
 */
export function soundSeconds(file: Buffer): number {
  const bytes = file.subarray(tagBytes(file, 0));
  if (isAt(bytes, 0, 'RIFF') && isAt(bytes, 8, 'WAVE')) return ofWav(bytes);
  if (isAt(bytes, 0, 'fLaC')) return ofFlac(bytes);
  if (isAt(bytes, 0, 'OggS')) return atLeast(ofOgg(bytes), bytes.length / USUAL_SOUND);
  if (isAt(bytes, 4, 'ftyp')) return atLeast(ofMp4(bytes), bytes.length / USUAL_SOUND);
  if (isAt(bytes, 0, '\x1aE\xdf\xa3')) return atLeast(ofWebm(bytes), bytes.length / USUAL_SOUND);
  return ofMp3(bytes);
}

const atLeast = (seconds: number, least: number): number => (seconds > 0 ? Math.max(seconds, least) : 0);

/** Without making a text of it: it is asked for each frame. */
function isAt(bytes: Buffer, at: number, mark: string): boolean {
  for (let i = 0; i < mark.length; i++) if (bytes[at + i] !== mark.charCodeAt(i)) return false;
  return true;
}

/** As many bytes as a number in JavaScript has room for. */
const MOST_BYTES = 6;

/** A number, of which the last bytes count; beyond the end of the file all is 0. */
function big(bytes: Buffer, at: number, size: number): number {
  const read = Math.min(size, MOST_BYTES);
  const from = at + size - read;
  return read > 0 && from + read <= bytes.length ? bytes.readUIntBE(from, read) : 0;
}

const little = (bytes: Buffer, at: number, size: number): number =>
  at + size <= bytes.length ? bytes.readUIntLE(at, size) : 0;

/** ID3v2, before an MP3 and now and then before others: its size is written in 7 bits a byte. */
function tagBytes(bytes: Buffer, at: number): number {
  if (!isAt(bytes, at, 'ID3')) return 0;
  const size = big(bytes, at + 6, 4);
  const packed = (size >>> 24) * 2 ** 21 + ((size >>> 16) & 127) * 2 ** 14 + ((size >>> 8) & 127) * 128;
  return 10 + packed + (size & 127);
}

/** Plain samples: integers, floats, A-law, µ-law, and the form that says more of them. Of others the header says the rate. */
const PLAIN: ReadonlySet<number> = new Set([1, 3, 6, 7, 0xfffe]);

/** All of it counts as samples: how many there are is not written where it was streamed. */
function ofWav(bytes: Buffer): number {
  let at = 12;
  while (at < bytes.length && !isAt(bytes, at, 'fmt ')) {
    const size = little(bytes, at + 4, 4);
    at += 8 + size + (size % 2);
  }
  const format = at + 8;
  const plain =
    (little(bytes, format + 2, 2) * little(bytes, format + 4, 4) * little(bytes, format + 14, 2)) / 8;
  if (PLAIN.has(little(bytes, format, 2))) return plain > 0 ? bytes.length / plain : 0;
  const rate = little(bytes, format + 8, 4);
  return rate > 0 ? atLeast(bytes.length / rate, bytes.length / USUAL_SOUND) : 0;
}

/** RFC 9639 section 8.2. No packing makes more of sound than it was. */
function ofFlac(bytes: Buffer): number {
  const format = big(bytes, 18, 4);
  const rate = format >>> 12;
  const channels = ((format >>> 9) & 7) + 1;
  const bits = ((format >>> 4) & 31) + 1;
  const samples = (format & 15) * 2 ** 32 + big(bytes, 22, 4);
  return rate > 0 ? atLeast(samples / rate, (bytes.length * 8) / (rate * channels * bits)) : 0;
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

/** ISO/IEC 14496-12 section 8.2.2. One that is written as it is recorded doesn't say. */
function ofMp4(bytes: Buffer): number {
  const movie = boxAt(bytes, 'moov', 0, bytes.length);
  const head = movie && boxAt(bytes, 'mvhd', movie.start, movie.end);
  if (!head) return 0;
  const isLong = big(bytes, head.start, 1) === 1;
  const scale = big(bytes, head.start + (isLong ? 20 : 12), 4);
  const length = isLong ? big(bytes, head.start + 24, 8) : big(bytes, head.start + 16, 4);
  return scale > 0 ? length / scale : 0;
}

function boxAt(
  bytes: Buffer,
  type: string,
  from: number,
  to: number,
): { start: number; end: number } | undefined {
  for (let at = from; at + 8 <= to; ) {
    const size = big(bytes, at, 4);
    const isLong = size === 1;
    // 0: up to the end.
    const end = size === 0 ? to : at + (isLong ? big(bytes, at + 8, 8) : size);
    const start = at + (isLong ? 16 : 8);
    if (end < start) return undefined;
    if (isAt(bytes, at + 4, type)) return { start, end: Math.min(end, to) };
    at = end;
  }
  return undefined;
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
