import { big, isAt } from './byte-numbers.ts';

/** Where the content of a box stands: from `start` to before `end`, in bytes. */
interface Box {
  readonly start: number;
  readonly end: number;
}

/** Seconds of MP4 (ISO/IEC 14496-12), as its head says, or its fragments do where it was written while it was recorded. */
export function mp4Seconds(bytes: Buffer): number {
  const movie = firstBox(bytes, 'moov', { start: 0, end: bytes.length });
  return movie ? Math.max(headSeconds(bytes, movie), fragmentSeconds(bytes, movie)) : 0;
}

/** Section 8.2.2. Who doesn't know it writes 0, or all ones. */
function headSeconds(bytes: Buffer, movie: Box): number {
  const head = firstBox(bytes, 'mvhd', movie);
  if (!head) return 0;
  const at = afterDates(bytes, head);
  const isLong = at - head.start > SHORT_DATES;
  const scale = big(bytes, at, 4);
  const length = big(bytes, at + 4, isLong ? 8 : 4);
  return scale > 0 && length !== (isLong ? 2 ** 48 : 2 ** 32) - 1 ? length / scale : 0;
}

interface Track {
  /** Units a second. */
  readonly scale: number;
  /** Units that a sample lasts, where nothing else is said. */
  usual: number;
  units: number;
}

/** Section 8.8: each fragment says how long its samples last. When it begins says no more where the start was cut off. */
function fragmentSeconds(bytes: Buffer, movie: Box): number {
  const tracks = tracksOf(bytes, movie);
  eachBox(bytes, 'moof', { start: 0, end: bytes.length }, (fragment) =>
    eachBox(bytes, 'traf', fragment, (part) => {
      const head = firstBox(bytes, 'tfhd', part);
      const track = head && tracks.get(big(bytes, head.start + 4, 4));
      if (!track) return;
      const usual = usualIn(bytes, head) ?? track.usual;
      eachBox(bytes, 'trun', part, (run) => {
        track.units += unitsOf(bytes, run, usual);
      });
    }),
  );
  let longest = 0;
  for (const { units, scale } of tracks.values()) if (scale > 0) longest = Math.max(longest, units / scale);
  return longest;
}

const MOST_TRACKS = 100;

/** By their numbers. */
function tracksOf(bytes: Buffer, movie: Box): Map<number, Track> {
  const tracks = new Map<number, Track>();
  eachBox(bytes, 'trak', movie, (box) => {
    const head = firstBox(bytes, 'tkhd', box);
    const media = firstBox(bytes, 'mdia', box);
    const times = media && firstBox(bytes, 'mdhd', media);
    if (!head || !times) return false;
    const scale = big(bytes, afterDates(bytes, times), 4);
    tracks.set(big(bytes, afterDates(bytes, head), 4), { scale, usual: 0, units: 0 });
    return tracks.size === MOST_TRACKS;
  });
  eachBox(bytes, 'mvex', movie, (defaults) =>
    eachBox(bytes, 'trex', defaults, ({ start }) => {
      const track = tracks.get(big(bytes, start + 4, 4));
      if (track) track.usual = big(bytes, start + 12, 4);
    }),
  );
  return tracks;
}

const SHORT_DATES = 12;
const LONG_DATES = 20;

/** `mvhd`, `tkhd` and `mdhd` begin with when they were made, in 4 bytes a date or 8. */
const afterDates = (bytes: Buffer, { start }: Box): number =>
  start + (big(bytes, start, 1) === 1 ? LONG_DATES : SHORT_DATES);

/** What stands in a box, by its flags. */
const OFFSET = 1;
const DESCRIPTION = 2;
const USUAL_UNITS = 8;
const FIRST_FLAGS = 4;
const UNITS = 0x100;
const OTHERS_A_SAMPLE = [0x200, 0x400, 0x800];

const flagsOf = (bytes: Buffer, { start }: Box): number => big(bytes, start + 1, 3);

/** Of a fragment's head (`tfhd`). */
function usualIn(bytes: Buffer, head: Box): number | undefined {
  const flags = flagsOf(bytes, head);
  if ((flags & USUAL_UNITS) === 0) return undefined;
  return big(bytes, head.start + 8 + (flags & OFFSET ? 8 : 0) + (flags & DESCRIPTION ? 4 : 0), 4);
}

/** Of a row of samples (`trun`). */
function unitsOf(bytes: Buffer, run: Box, usual: number): number {
  const flags = flagsOf(bytes, run);
  const samples = big(bytes, run.start + 4, 4);
  if ((flags & UNITS) === 0) return samples * usual;
  const size = 4 + OTHERS_A_SAMPLE.reduce((sum, other) => sum + (flags & other ? 4 : 0), 0);
  const from = run.start + 8 + (flags & OFFSET ? 4 : 0) + (flags & FIRST_FLAGS ? 4 : 0);
  const end = Math.min(run.end, from + samples * size);
  let units = 0;
  for (let at = from; at + size <= end; at += size) units += big(bytes, at, 4);
  return units;
}

function firstBox(bytes: Buffer, type: string, within: Box): Box | undefined {
  let first: Box | undefined;
  eachBox(bytes, type, within, (box) => {
    first = box;
    return true;
  });
  return first;
}

/** Side by side: a fragment for each frame of sound in three hours. Nobody looks at more. */
const MOST_BOXES = 1_000_000;

/** @param visit may end it with `true` */
function eachBox(bytes: Buffer, type: string, { start, end }: Box, visit: (box: Box) => unknown): void {
  for (let at = start, seen = 0; at + 8 <= end && seen < MOST_BOXES; seen++) {
    const size = bytes.readUInt32BE(at);
    const isLong = size === 1;
    // 0: up to the end.
    const next = size === 0 ? end : at + (isLong ? big(bytes, at + 8, 8) : size);
    const content = at + (isLong ? 16 : 8);
    if (next < content) return;
    if (isAt(bytes, at + 4, type) && visit({ start: content, end: Math.min(next, end) }) === true) return;
    at = next;
  }
}
