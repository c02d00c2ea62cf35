import type { RE2JS } from 're2js';
import { type Finder, type Found, LONGEST_FIND } from '../../contracts/personal-data.ts';
import { compileRegex } from '../regex.ts';

/**
 * A pattern of the config, on RE2. What it finds is at most `LONGEST_FIND` characters long. The time it takes is linear to the
 * text: what begins like a find over and over, and ends too far away or never, is not read to the end of the text each time.
 * @throws Error that says what is wrong with it
 */
export function customFinder(name: string, source: string): Finder {
  const pattern = compileRegex(source);
  return {
    name,
    find(text, from) {
      // Places that are looked at together: fewer where a match is too long, since what they see beyond a find is what misleads.
      let places = LONGEST_FIND;
      for (let at = from; at <= text.length; ) {
        // All that a find that begins at one of them may have.
        const start = match(pattern, text, at, at + places - 1 + LONGEST_FIND)?.start;
        if (start === undefined || start >= at + places) {
          at += places;
          places = Math.min(2 * places, LONGEST_FIND);
          continue;
        }
        const found = within(pattern, text, start);
        if (found) return found;
        at = start + 1;
        places = Math.ceil(places / 2);
      }
      return undefined;
    },
  };
}

/** The match at a place as it is when nothing beyond the longest can be seen: so it is the same in every piece. */
function within(pattern: RE2JS, text: string, start: number): Found | undefined {
  const found = match(pattern, text, start, start + LONGEST_FIND);
  return found?.start === start && found.end > start ? found : undefined;
}

/** The first match at or after `from` of a text that ends at `to`. */
function match(pattern: RE2JS, text: string, from: number, to: number): Found | undefined {
  // The character before tells where a word or a line begins. A longer text would take longer, wherever it is looked at.
  const before = Math.max(0, from - 1);
  const matcher = pattern.matcher(text.slice(before, to));
  if (!matcher.find(from - before)) return undefined;
  return { start: before + matcher.start(), end: before + matcher.end() };
}
