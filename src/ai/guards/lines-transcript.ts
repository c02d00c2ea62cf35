import { parseObject } from '../../lib/json.ts';
import { guardEvent, leaveOutTokens } from './guard-result.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';

type Container = { [key: string]: unknown };

/** Where a line says a piece of the text. */
const TEXTS = ['text', 'delta'];

/**
 * A transcript whose lines are an object of JSON each, as the guards leave it. What the lines say is one text; of the rest each
 * string is one. Lines of which nothing is changed stay as they were written.
 *
 * @returns undefined: it is none
 */
export function guardedLines(text: string, guard: GuardText): string | undefined {
  if (text.trimStart()[0] !== '{') return undefined;
  const lines = text
    .split('\n')
    .map((written) => ({ written, event: parseObject(written) as Container | undefined }));
  if (lines.some(({ written, event }) => !event && written.trim() !== '')) return undefined;
  const events = lines.flatMap(({ event }) => (event ? [event] : []));
  const changed = new Set([
    ...guardedTexts(events, guard),
    ...events.filter((event) => guardEvent(event, guard)),
  ]);
  return lines
    .map(({ written, event }) => {
      if (!event || !changed.has(event)) return written;
      return `${JSON.stringify(event)}${written.endsWith('\r') ? '\r' : ''}`;
    })
    .join('\n');
}

/** @returns those that were changed */
function guardedTexts(events: readonly Container[], guard: GuardText): Container[] {
  const said = events.flatMap((event) => {
    const key = TEXTS.find((each) => typeof event[each] === 'string');
    return key === undefined ? [] : [{ event, key, text: event[key] as string }];
  });
  const pieces = guardedPieces(
    said.map(({ text }) => text),
    guard,
  );
  // A word may have been cut as well: then all of it stands where the first piece did.
  const whole = pieces.join('');
  const left = guard(whole);
  return said.flatMap(({ event, key, text }, at) => {
    const piece = left === whole ? (pieces[at] as string) : at === 0 ? left : '';
    if (piece === text) return [];
    event[key] = piece;
    delete event.words;
    leaveOutTokens(event);
    return [event];
  });
}
