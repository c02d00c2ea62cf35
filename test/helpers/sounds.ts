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

/** Plain samples of 16 bits unless another format is given, which goes by its bytes a second. */
export function wav(seconds: number, { rate = 16_000, format = 1, packed = 0 } = {}): Buffer {
  const bytesASecond = packed || rate * 2;
  const sound = Buffer.alloc(seconds * bytesASecond);
  const head = [le(format, 2), le(1, 2), le(rate, 4), le(bytesASecond, 4), le(2, 2), le(16, 2)];
  const more = Buffer.concat([latin('LIST'), le(5, 4), latin('fmt x\0')]);
  const file = [
    latin('WAVE'),
    more,
    latin('fmt '),
    le(16, 4),
    ...head,
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
export const id3 = (bytes: number): Buffer =>
  Buffer.concat([
    latin('ID3\x04\0\0'),
    Buffer.from([bytes >> 21, (bytes >> 14) & 127, (bytes >> 7) & 127, bytes & 127]),
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

export function flac(seconds: number, { samples = seconds * 44_100, bytes = seconds * 40_000 } = {}): Buffer {
  // 44.1 kHz, one channel of 16 bits.
  const format = [be(44_100 * 4096 + 15 * 16 + Math.floor(samples / 2 ** 32), 4), be(samples % 2 ** 32, 4)];
  return Buffer.concat([latin('fLaC\x80\0\0\x22'), Buffer.alloc(10), ...format, Buffer.alloc(16 + bytes)]);
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
