import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Every directory entry whose change changes what a path leads to: the file itself, and each symbolic link on the way.
 * Kubernetes swaps one of the latter (`..data`), a deployment with a `current` link another. Physical paths: their
 * folders are no links.
 */
export function watchPoints(file: string): string[] {
  const points: string[] = [];
  let { root: at } = parse(resolve(file));
  let names = resolve(file).slice(at.length).split(sep);
  let links = 0;
  while (names.length > 0) {
    const [name = '', ...rest] = names;
    names = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const entry = join(at, name);
    const stats = lstatSync(entry, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() && links < MAX_LINKS) {
      links += 1;
      points.push(entry);
      const target = readlinkSync(entry);
      if (isAbsolute(target)) at = parse(target).root;
      names = [...target.split(sep), ...names];
    } else if (stats === undefined || names.length === 0) {
      // What isn't there may come; what is behind it can't be known before that.
      return [...points, entry];
    } else {
      at = entry;
    }
  }
  return points;
}
