import type { RE2JS } from 're2js';
import { type Finder, type Found, LONGEST_FIND } from '../../contracts/personal-data.ts';
import { compileRegex } from '../regex.ts';

/**
 * A pattern of the config, on RE2. What it finds is at most `LONGEST_FIND` characters long.
 * @throws Error that says what is wrong with it
 */
export function customFinder(name: string, source: string): Finder {
  const pattern = compileRegex(source);
  return {
    name,
    find(text, from) {
      for (let at = from; at <= text.length; ) {
        const matcher = pattern.matcher(text);
        if (!matcher.find(at)) return undefined;
        const start = matcher.start();
        const found = within(pattern, text, start);
        if (found) return found;
        at = start + 1;
      }
      return undefined;
    },
  };
}

/** The match at a place as it is when nothing beyond the longest can be seen: so it is the same in every piece. */
function within(pattern: RE2JS, text: string, start: number): Found | undefined {
  const matcher = pattern.matcher(text.slice(0, start + LONGEST_FIND));
  if (!matcher.find(start) || matcher.start() !== start || matcher.end() === start) return undefined;
  return { start, end: matcher.end() };
}
