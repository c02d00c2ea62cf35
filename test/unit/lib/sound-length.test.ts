// How long a file of sound lasts, by what its format says of it; it is what a transcript without a bill is billed by.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { soundSeconds } from '../../../src/lib/sound-length.ts';
import { flac, id3, m4a, mp3, ogg, wav, webm } from '../../helpers/sounds.ts';

it.each<[string, Buffer, number]>([
  ['WAV', wav(20), 20],
  ['WAV of 8 kHz', wav(20, { rate: 8000 }), 20],
  ['WAV whose samples are packed', wav(20, { rate: 8000, format: 0x11, packed: 4055 }), 20],
  ['FLAC', flac(20), 20],
  ['MP3', mp3(20), 20],
  ['MP3 as for telephones', mp3(20, [32]), 20],
  ['MP3 of several rates', mp3(20, [320, 32, 64]), 20],
  ['MP3 behind its cover', Buffer.concat([id3(300_000), mp3(20)]), 20],
  ['Opus in Ogg', ogg(20), 20],
  ['Opus as densely as it goes', ogg(20, { kbits: 6 }), 20],
  ['Vorbis in Ogg', ogg(20, { codec: 'vorbis' }), 20],
  ['Ogg behind Ogg', Buffer.concat([ogg(20), ogg(2), ogg(5)]), 27],
  ['MP4', m4a(20), 20],
  ['MP4 with long times', m4a(20, { version: 1 }), 20],
  ['WebM as a browser records it', webm(25), 25],
])('%s', (_format, file, seconds) => {
  expect(soundSeconds(file)).toBeGreaterThan(seconds - 0.05);
  expect(soundSeconds(file)).toBeLessThan(seconds + 0.1);
});

it.each<[string, Buffer]>([
  ['something else', Buffer.alloc(32_000, 7)],
  ['nothing', Buffer.alloc(0)],
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
  // 44,100 samples of 16 bits a second are more than any packing leaves.
  expect(soundSeconds(flac(60, { samples: 44_100 }))).toBeGreaterThan(27);
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
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom('RIFF    WAVE', 'fLaC', 'OggS', '    ftyp', '\x1aE\xdf\xa3', 'ID3'),
      (bytes, mark) => {
        const seconds = soundSeconds(Buffer.concat([Buffer.from(mark, 'latin1'), bytes]));
        expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});
