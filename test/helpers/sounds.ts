/** Files of sound as their formats write them: a head that is true, and noughts for what is heard. */

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

function number(value: number, bytes: number, order: 'big' | 'little'): Buffer {
  const buffer = Buffer.alloc(bytes);
  let rest = value;
  for (let i = 0; i < bytes; i++) {
    buffer[order === 'big' ? bytes - 1 - i : i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return buffer;
}
const be = (value: number, bytes: number): Buffer => number(value, bytes, 'big');
const le = (value: number, bytes: number): Buffer => number(value, bytes, 'little');

/**
 * Plain samples of 16 bits unless another format is given, which goes by its bytes a second.
 * @param inner the format that 0xfffe stands for
 */
export function wav(
  seconds: number,
  { rate = 16_000, format = 1, packed = 0, bits = 16, inner = 0 } = {},
): Buffer {
  const bytesASecond = packed || rate * 2;
  const sound = Buffer.alloc(seconds * bytesASecond);
  const head = [le(format, 2), le(1, 2), le(rate, 4), le(bytesASecond, 4), le(2, 2), le(bits, 2)];
  const inside = inner === 0 ? [] : [le(22, 2), le(16, 2), le(4, 4), le(inner, 2), Buffer.alloc(14)];
  const description = Buffer.concat([...head, ...inside]);
  const more = Buffer.concat([latin('LIST'), le(5, 4), latin('fmt x\0')]);
  const file = [
    latin('WAVE'),
    more,
    latin('fmt '),
    le(description.length, 4),
    description,
    latin('data'),
    le(sound.length, 4),
    sound,
  ];
  return Buffer.concat([latin('RIFF'), le(0xffffffff, 4), ...file]);
}

const KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

/** @param kbits of each frame in turn */
export function mp3(seconds: number, kbits: readonly number[] = [128]): Buffer {
  const frames = Math.round((seconds * 44_100) / 1152);
  return Buffer.concat(
    Array.from({ length: frames }, (_, i) => {
      const rate = kbits[i % kbits.length] as number;
      const frame = Buffer.alloc(Math.floor((144_000 * rate) / 44_100));
      frame.set([0xff, 0xfb, KBITS.indexOf(rate) << 4]);
      return frame;
    }),
  );
}

/** A tag of ID3v2, as long as a picture in it. */
export const id3 = (bytes: number, { version = 4, flags = 0, bit8 = 0 } = {}): Buffer =>
  Buffer.concat([
    latin('ID3'),
    Buffer.from([version, 0, flags]),
    Buffer.from([bytes >> 21, (bytes >> 14) & 127, (bytes >> 7) & 127, (bytes & 127) | bit8]),
    Buffer.alloc(bytes, 0xff),
  ]);

function oggPage(granule: number, flags: number, body: Buffer): Buffer {
  const lacing = Buffer.alloc(Math.floor(body.length / 255) + 1, 255);
  lacing[lacing.length - 1] = body.length % 255;
  const head = [latin('OggS\0'), be(flags, 1), le(granule, 8), Buffer.alloc(12), be(lacing.length, 1)];
  return Buffer.concat([...head, lacing, body]);
}

const OPUS = Buffer.concat([latin('OpusHead\x01\x01'), le(312, 2), le(16_000, 4), Buffer.alloc(3)]);
const VORBIS = Buffer.concat([latin('\x01vorbis'), le(0, 4), be(1, 1), le(22_050, 4), Buffer.alloc(14)]);

/** A page a second. */
export function ogg(
  seconds: number,
  { kbits = 24, codec = 'opus' as 'opus' | 'vorbis' | 'else' } = {},
): Buffer {
  const head = { opus: OPUS, vorbis: VORBIS, else: latin('fishead\0') }[codec];
  const rate = codec === 'vorbis' ? 22_050 : 48_000;
  const page = Buffer.alloc(kbits * 125);
  const pages = Array.from({ length: seconds }, (_, i) => oggPage((i + 1) * rate, 0, page));
  return Buffer.concat([oggPage(0, 2, head), ...pages]);
}

/** As RFC 9639 counts it, bit by bit. */
function crc8(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      const isOver = (crc >> 7) ^ ((byte >> bit) & 1);
      crc = ((crc << 1) & 255) ^ (isOver ? 7 : 0);
    }
  return crc;
}

const BLOCK = 4096;
const HERTZ = 44_100;

/**
 * One channel of 16 bits, in frames of 4096 samples and a shorter one.
 * @param samples and `hertz` as the head says them; `bytes` are those of all frames
 * @param says by each frame: which rate it has, or nothing of it
 */
export function flac(
  seconds: number,
  {
    samples = seconds * HERTZ,
    hertz = HERTZ,
    bytes = seconds * 40_000,
    says = 'code' as 'code' | 'number' | 'nothing',
  } = {},
): Buffer {
  const format = [be(hertz * 4096 + 15 * 16 + Math.floor(samples / 2 ** 32), 4), be(samples % 2 ** 32, 4)];
  const rate = { code: 9, number: 13, nothing: 0 }[says];
  const last = (seconds * HERTZ) % BLOCK;
  const length = Math.ceil((seconds * HERTZ) / BLOCK);
  const frames = Array.from({ length }, (_, i) => {
    const isLast = i === length - 1 && last > 0;
    const head = Buffer.concat([
      Buffer.from([0xff, 0xf8, (isLast ? 0x70 : 0xc0) + rate, 0x08]),
      Buffer.from(String.fromCodePoint(i)),
      isLast ? be(last - 1, 2) : be(0, 0),
      says === 'number' ? be(HERTZ, 2) : be(0, 0),
    ]);
    return Buffer.concat([head, be(crc8(head), 1), Buffer.alloc(Math.floor(bytes / length))]);
  });
  return Buffer.concat([latin('fLaC\x80\0\0\x22'), Buffer.alloc(10), ...format, Buffer.alloc(16), ...frames]);
}

const box = (type: string, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([be(body.length + 8, 4), latin(type), body]);
};

/** @param version 1 writes times in 8 bytes */
export function m4a(seconds: number, { version = 0, kbits = 64 } = {}): Buffer {
  const size = version === 1 ? 8 : 4;
  const times = [Buffer.alloc(2 * size), be(1000, 4), be(seconds * 1000, size)];
  const movie = box('moov', box('free'), box('mvhd', be(version, 1), Buffer.alloc(3), ...times));
  return Buffer.concat([box('ftyp', latin('M4A ')), box('mdat', Buffer.alloc(seconds * kbits * 125)), movie]);
}

/**
 * As browsers record it: no length in the head, and fragments, each with a sample for every 1024 units of its time.
 * @param each seconds of a fragment
 * @param says where it is said how long samples last: of each, of a fragment, of all
 * @param from when it begins, as what is cut out of a broadcast says
 */
export function recordedM4a(
  seconds: number,
  { each = 1, kbits = 64, says = 'fragment' as 'sample' | 'fragment' | 'track', from = 0, length = 0 } = {},
): Buffer {
  const [scale, usual, id] = [48_000, 1024, 7];
  const full = (type: string, flags: number, ...content: Buffer[]): Buffer =>
    box(type, be(flags, 4), ...content);
  const track = box(
    'trak',
    full('tkhd', 7, be(0, 8), be(id, 4), Buffer.alloc(68)),
    box('mdia', full('mdhd', 0, be(0, 8), be(scale, 4), be(0, 4), be(0, 4))),
  );
  const defaults = full('trex', 0, be(id, 4), be(1, 4), be(says === 'track' ? usual : 0, 4), be(0, 8));
  const head = full('mvhd', 0, be(0, 8), be(1000, 4), be(length, 4), Buffer.alloc(80));
  const fragments = Array.from({ length: Math.ceil(seconds / each) }, (_, i) => {
    const samples = Math.round((Math.min(each, seconds - i * each) * scale) / usual);
    const part =
      says === 'fragment'
        ? full('tfhd', 0x2000a, be(id, 4), be(1, 4), be(usual, 4))
        : full('tfhd', 0x20001, be(id, 4), be(0, 8));
    const begins = full('tfdt', 0x01000000, be((from + i * each) * scale, 8));
    const sample = says === 'sample' ? [be(usual, 4), be(9, 4)] : [be(9, 4)];
    const rows = Array<Buffer[]>(samples).fill(sample).flat();
    const run =
      says === 'sample'
        ? full('trun', 0x301, be(samples, 4), be(0, 4), ...rows)
        : full('trun', 0x205, be(samples, 4), be(0, 8), ...rows);
    const moof = box('moof', full('mfhd', 0, be(i, 4)), box('traf', part, begins, run));
    return [moof, box('mdat', Buffer.alloc(Math.round((samples * usual * kbits * 125) / scale)))];
  });
  const movie = box('moov', head, track, box('mvex', defaults));
  return Buffer.concat([box('ftyp', latin('iso5')), movie, ...fragments.flat()]);
}

/** As browsers record it: no length in the head, clusters of ten seconds, a block a second. */
export function webm(seconds: number, { kbits = 32 } = {}): Buffer {
  const unknown = Buffer.from([1, 255, 255, 255, 255, 255, 255, 255]);
  const block = (after: number): Buffer => {
    const body = Buffer.concat([Buffer.from([0x81]), be(after, 2), be(0x80, 1), Buffer.alloc(kbits * 125)]);
    return Buffer.concat([Buffer.from([0xa3]), be(0x200000 + body.length, 3), body]);
  };
  const parts = [latin('\x1aE\xdf\xa3\x80\x18\x53\x80\x67'), unknown];
  for (let at = 0; at <= seconds; at++) {
    if (at % 10 === 0) parts.push(latin('\x1fC\xb6u'), unknown, Buffer.from([0xe7, 0x83]), be(at * 1000, 3));
    parts.push(block((at % 10) * 1000));
  }
  return Buffer.concat(parts);
}
