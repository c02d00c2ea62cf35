import { Part } from './part.ts';
import { formatPath } from './path.ts';
import type { Places } from './places.ts';

/** A part of the file that is valid and does nothing yet. */
export interface InactivePart {
  /** `upstreams.catalog.health` */
  key: string;
  /** From 1. */
  line: number;
  what: string;
  /** What happens instead. */
  effect: string;
}

interface Row {
  /** Keys from the root; `*` = each entry of a map or list. */
  at: readonly string[];
  what: string;
  effect: string;
  /** Values that are built, or that ask for nothing. Without it: everything that is written. */
  unless?: (value: unknown) => boolean;
}

const is =
  (...built: readonly unknown[]) =>
  (value: unknown) =>
    built.includes(value);

/** What the format has and this version has not. A feature that gets built removes its row. */
const ROWS: readonly Row[] = [
  { at: ['log', 'bodies'], what: 'Logging of bodies', effect: 'No body is logged.', unless: is('off') },
];

/** @param written the values of the file without any default, in the order of the file */
export function inactiveParts(written: unknown, places: Places): InactivePart[] {
  const parts = ROWS.flatMap((row) =>
    matching(new Part(written), row.at)
      .filter(({ value }) => value !== undefined && !row.unless?.(value))
      .map(({ path }) => ({
        key: formatPath(path),
        line: places.ofKey(path).line,
        what: row.what,
        effect: row.effect,
      })),
  );
  return parts.sort((a, b) => a.line - b.line);
}

function matching(part: Part, keys: readonly string[]): Part[] {
  const [key, ...rest] = keys;
  if (key === undefined) return [part];
  const next = key === '*' ? [...part.items, ...part.entries.map(([, each]) => each)] : [part.get(key)];
  return next.flatMap((each) => matching(each, rest));
}
