import type { JsonObject } from '../../../contracts/model-request.ts';
import type { StreamPart } from '../../../contracts/stream-part.ts';
import { objectsOf } from '../../../lib/json.ts';

/** A transcript as a text, or as subtitles (SRT, WebVTT). */
export function readTranscript(text: string): StreamPart[] {
  return [
    ...(text.trim() === '' ? [] : [{ type: 'item' } as const]),
    ...heardUntil(lastTime(text)),
    { type: 'finish', reason: 'stop' },
  ];
}

/** When the last that is said ends, where a transcript as JSON says when each of its segments or words does. */
export const timesOf = ({ segments, words }: JsonObject): StreamPart[] =>
  heardUntil(
    [...objectsOf(segments), ...objectsOf(words)].reduce(
      (last, { end }) => Math.max(last, secondsOf(end)),
      0,
    ),
  );

const secondsOf = (time: unknown): number => (Number.isFinite(time) ? (time as number) : 0);

/** That is no bill: silence behind it was heard as well. */
function heardUntil(audioSeconds: number): StreamPart[] {
  const usage = { input: 0, output: 0, cached: 0, audioSeconds };
  return audioSeconds > 0 ? [{ type: 'usage', usage, isEarly: true }] : [];
}

const ARROW = '-->';
/** `01:02:03,450`, or `02:03.450`; of the line behind an arrow. */
const TIME = /^[ \t]*(?:(\d{1,4}):)?(\d\d):(\d\d)[.,](\d{3})/;
const LONGEST_TIME = 32;

/** Seconds; 0 = it has no times. */
function lastTime(text: string): number {
  for (let at = text.lastIndexOf(ARROW); at > 0; at = text.lastIndexOf(ARROW, at - 1)) {
    const from = at + ARROW.length;
    const [, hours = 0, minutes, seconds, milliseconds] =
      TIME.exec(text.slice(from, from + LONGEST_TIME)) ?? [];
    // Words may hold an arrow, too.
    if (minutes === undefined) continue;
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(milliseconds) / 1000;
  }
  return 0;
}
