import { parseString } from '../../lib/json.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';
import { guardedLines } from './lines-transcript.ts';
import { readList } from './listed-transcript.ts';

const TIME = String.raw`(?:\d{1,4}:)?\d\d:\d\d[.,]\d{1,3}`;
/** Where WebVTT shows a cue: `line:-1,start`, `position:50%`. */
const PLACE = '(?:-?\\d{1,3}(?:\\.\\d{1,3})?%?|start|center|middle|end|(?:line-)?(?:left|right)|lr|rl)';
const SETTING = `(?:align|line|position|size|vertical):${PLACE}(?:,${PLACE})?`;
const TIMING = new RegExp(`^\\s*${TIME}\\s*-->\\s*${TIME}(?:\\s+${SETTING})*\\s*$`);
const NUMBER = /^\s*\d{1,7}\s*$/;

/** Of SubRip and WebVTT: when a cue is shown, and where. A line that says anything else besides is one to be read. */
const isTiming = (line: string | undefined): boolean => line !== undefined && TIMING.test(line);
const isEmpty = (line: string | undefined): boolean => line === undefined || line.trim() === '';

/**
 * A transcript that is no object, as the guards leave it: a text, or subtitles, whose numbers and times are none. A string,
 * a list or lines of JSON stay that: escaped, it would say to a guard what it does not say to its reader.
 *
 * @returns the same text where they change nothing
 */
export function guardedTranscript(text: string, guard: GuardText): string {
  const said = parseString(text);
  if (said === undefined)
    return readList(text, guard)?.guarded(guard) ?? guardedLines(text, guard) ?? guardedPlain(text, guard);
  const left = guardedPlain(said, guard);
  return left === said ? text : JSON.stringify(left);
}

function guardedPlain(text: string, guard: GuardText): string {
  const lines = text.split(/\r?\n/);
  const timings = lines.map(isTiming);
  if (!timings.includes(true)) return guard(text);
  // What else a cue is called by is shown to who asked, too.
  const isNumber = (line: string, i: number): boolean =>
    NUMBER.test(line) && timings[i + 1] === true && isEmpty(lines[i - 1]);
  const spoken = [...lines.keys()].filter((i) => {
    const line = lines[i] as string;
    return !timings[i] && !isEmpty(line) && !isNumber(line, i);
  });
  const guarded = guardedPieces(
    spoken.map((i) => lines[i] as string),
    guard,
  );
  const left = new Map(spoken.map((i, piece) => [i, guarded[piece] as string]));
  if (spoken.every((i) => left.get(i) === lines[i])) return text;
  return (
    lines
      .map((line, i) => left.get(i) ?? line)
      // An empty line would end its cue.
      .filter((line, i) => line !== '' || lines[i] === '')
      .join(text.includes('\r\n') ? '\r\n' : '\n')
  );
}
