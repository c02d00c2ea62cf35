// How long a file of sound lasts, by what its format says of it; it is what a transcript without a bill is billed by.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { soundSeconds } from '../../../src/lib/sound-length.ts';
import { flac, id3, m4a, mp3, ogg, recordedM4a, wav, webm } from '../../helpers/sounds.ts';

const HERTZ = 44_100;

it.each<[string, Buffer, number]>([
  ['WAV', wav(20), 20],
  ['WAV of 8 kHz', wav(20, { rate: 8000 }), 20],
  ['WAV whose samples are packed', wav(20, { rate: 8000, format: 0x11, packed: 4055 }), 20],
  ['WAV of 24 bits', wav(20, { packed: 48_000, bits: 24 }), 20],
  ['WAV that says its form behind its head', wav(20, { format: 0xfffe, inner: 1 }), 20],
  ['A-law', wav(20, { rate: 8000, format: 6, packed: 8000, bits: 8 }), 20],
  [
    'A-law, whatever its bits are said to be',
    wav(60, { rate: 8000, format: 6, packed: 8000, bits: 65_535 }),
    60,
  ],
  ['µ-law behind its head', wav(60, { rate: 8000, format: 0xfffe, inner: 7, packed: 8000, bits: 32 }), 60],
  [
    'MP3 in WAV that looks plain',
    wav(60, { rate: 192_000, format: 0xfffe, inner: 0x55, packed: 16_000 }),
    60,
  ],
  ['FLAC', flac(20), 20],
  ['FLAC whose frames write out their rate', flac(20, { says: 'number' }), 20],
  ['FLAC whose frames leave it to its head', flac(20, { says: 'nothing' }), 20],
  ['FLAC that doesn’t say how much it is', flac(20, { samples: 0 }), 20],
  ['FLAC that is said to be a second', flac(60, { samples: HERTZ }), 60],
  ['FLAC that is said to be finer than any', flac(60, { samples: HERTZ, hertz: 1_048_575 }), 60],
  ['MP3', mp3(20), 20],
  ['MP3 as for telephones', mp3(20, [32]), 20],
  ['MP3 of several rates', mp3(20, [320, 32, 64]), 20],
  ['MP3 behind its cover', Buffer.concat([id3(300_000), mp3(20)]), 20],
  ['MP3 behind a tag with an end', Buffer.concat([id3(3000, { flags: 0x10 }), id3(0), mp3(20)]), 20],
  ['Opus in Ogg', ogg(20), 20],
  ['Opus as densely as it goes', ogg(20, { kbits: 6 }), 20],
  ['Vorbis in Ogg', ogg(20, { codec: 'vorbis' }), 20],
  ['Ogg behind Ogg', Buffer.concat([ogg(20), ogg(2), ogg(5)]), 27],
  ['MP4', m4a(20), 20],
  ['MP4 with long times', m4a(20, { version: 1 }), 20],
  ['MP4 as a browser records it', recordedM4a(25), 25],
  ['MP4 in one piece', recordedM4a(25, { each: 25, says: 'sample' }), 25],
  ['MP4 whose samples are all alike', recordedM4a(25, { each: 10, says: 'track' }), 25],
  ['MP4 that was cut out of a broadcast', recordedM4a(25, { from: 7200 }), 25],
  ['MP4 that says it doesn’t know', recordedM4a(25, { length: 2 ** 32 - 1 }), 25],
  ['WebM as a browser records it', webm(25), 25],
])('%s', (_format, file, seconds) => {
  expect(soundSeconds(file)).toBeGreaterThan(seconds - 0.05);
  expect(soundSeconds(file)).toBeLessThan(seconds + 0.1);
});

it.each<[string, Buffer]>([
  ['something else', Buffer.alloc(32_000, 7)],
  ['nothing', Buffer.alloc(0)],
  ['plain samples of more bits than anybody plays', wav(60, { bits: 65_535 })],
  ['FLAC without frames', flac(60, { bytes: 0 }).subarray(0, 42)],
  [
    'FLAC of more frames than seven hours have',
    Buffer.alloc(1_900_000, flac(1).subarray(42, 48)).fill('fLaC', 0, 4),
  ],
  ['what is no tag to those who play it', Buffer.concat([id3(300_000, { version: 0xff }), mp3(20)])],
  ['nor is this', Buffer.concat([id3(300_000, { bit8: 0x80 }), mp3(20)])],
  ['a head alone', Buffer.from('RIFF....WAVE')],
  ['an unknown codec in Ogg', ogg(20, { codec: 'else' })],
  ['an MP4 that says no length', m4a(0)],
  ['a tag alone', id3(10)],
])('does not guess of %s', (_what, file) => {
  expect(soundSeconds(file)).toBe(0);
});

it('who writes a short length into a long file is believed as far as it is likely', () => {
  const short = (file: Buffer, said: number, at: number, size: number): Buffer => {
    const lying = Buffer.from(file);
    lying.writeUIntBE(said, at, size);
    return lying;
  };
  const long = m4a(600, { kbits: 128 });
  const lying = short(long, 1000, long.lastIndexOf('mvhd') + 4 + 16, 4);
  expect(soundSeconds(long)).toBeGreaterThanOrEqual(600);
  expect(soundSeconds(lying)).toBeGreaterThanOrEqual(600);
  // What was recorded has no length in its head; one that is there isn't believed.
  expect(soundSeconds(recordedM4a(600, { each: 600, length: 1000 }))).toBeGreaterThanOrEqual(599.9);
  // What hides in a tag between frames, or behind the last of them, is heard as well.
  const hidden = Buffer.concat([mp3(1), id3(20_000), mp3(1), Buffer.alloc(30_000)]);
  expect(soundSeconds(hidden)).toBeGreaterThan(51);
});

it('never throws, and never says what is no length, whatever the bytes are', () => {
  const whole = [
    wav(1),
    flac(1),
    mp3(1),
    Buffer.concat([id3(5), mp3(1)]),
    ogg(2),
    m4a(1),
    webm(11),
    m4a(1, { version: 1 }),
    recordedM4a(2),
    recordedM4a(1, { says: 'sample' }),
    recordedM4a(1, { says: 'track' }),
    wav(1, { format: 0xfffe, inner: 1 }),
    flac(1, { says: 'number' }),
  ];
  const file = fc.constantFrom(...whole);
  const spot = fc.tuple(fc.nat({ max: 400 }), fc.uint8Array({ minLength: 1, maxLength: 9 }));
  fc.assert(
    fc.property(file, fc.array(spot, { maxLength: 4 }), fc.nat({ max: 5000 }), (sound, spots, cut) => {
      const bytes = Buffer.from(sound.subarray(0, cut > 4000 ? sound.length : cut));
      for (const [at, changed] of spots)
        bytes.set(changed.slice(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      const seconds = soundSeconds(bytes);
      expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600, size: 'max' }),
      fc.constantFrom('RIFF    WAVE', 'fLaC', 'OggS', '    ftyp', '\x1aE\xdf\xa3', 'ID3'),
      (bytes, mark) => {
        const seconds = soundSeconds(Buffer.concat([Buffer.from(mark, 'latin1'), bytes]));
        expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});
