import type { StreamPart } from '../../../contracts/stream-part.ts';

/**
 * A transcript as a text, or as subtitles (SRT, WebVTT), which say when the last of them ends. That is no bill: silence behind it
 * was heard as well.
 */
export function readTranscript(text: string): StreamPart[] {
  const audioSeconds = lastTime(text);
  const usage = { input: 0, output: 0, cached: 0, audioSeconds };
  return [
    ...(text.trim() === '' ? [] : [{ type: 'item' } as const]),
    ...(audioSeconds > 0 ? [{ type: 'usage', usage, isEarly: true } as const] : []),
    { type: 'finish', reason: 'stop' },
  ];
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
