import { isObject, parseObject } from '../../lib/json.ts';
import { guardTexts, leaveOutTokens } from './guard-result.ts';
import { type GuardText, guardedPieces } from './guarded-pieces.ts';
import { dataTexts } from './request-texts.ts';

type Container = { [key: string]: unknown };

/** Where a line says a piece of the text. */
const TEXTS = ['text', 'delta'];

/**
 * A transcript whose lines are an object of JSON each, as the guards leave it. What the lines say is one text; of the rest each
 * string is one, under whatever key, and each number that is long enough to be more than a time or a count. Lines of which nothing
 * is changed stay as they were written.
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
    ...events.filter((event) => guardRest(event, guard)),
  ]);
  return lines
    .map(({ written, event }) => {
      if (!event || !changed.has(event)) return written;
      return `${JSON.stringify(event)}${written.endsWith('\r') ? '\r' : ''}`;
    })
    .join('\n');
}

/** @returns whether anything of it was changed */
function guardRest(event: Container, guard: GuardText): boolean {
  const haveTexts = guardTexts(dataTexts({ event }, 'event'), guard);
  const haveNumbers = guardNumbers(event, guard);
  if (haveTexts || haveNumbers) leaveOutTokens(event);
  return haveTexts || haveNumbers;
}

/** A time in a sound, a count: nobody is known by them. */
const LEAST_NUMBER = 1e6;

function guardNumbers(holder: Container | unknown[], guard: GuardText): boolean {
  let isChanged = false;
  for (const [key, value] of Object.entries(holder)) {
    if (isObject(value) || Array.isArray(value)) isChanged = guardNumbers(value, guard) || isChanged;
    if (typeof value !== 'number' || Math.abs(value) < LEAST_NUMBER) continue;
    const left = guard(String(value));
    if (left === String(value)) continue;
    (holder as Container)[key] = left;
    isChanged = true;
  }
  return isChanged;
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
