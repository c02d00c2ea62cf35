import { canonicalPath } from './canonical-path.ts';
import { compileRegex } from './regex.ts';

/** How a route changes the path on its way to the upstream: by an expression, or at its beginning. */
export interface PathRewriteSettings {
  /** Regular expression (RE2), matched against the canonical path, escapes and all. */
  from?: string | undefined;
  /** What the matched part becomes; `$1` or `$<name>` is what a group matched. */
  to?: string | undefined;
  prefix?: { strip: string; add: string } | undefined;
}

/** The path that the upstream gets, without its query; null if it would not be canonical. */
export type PathRewrite = (path: string) => string | null;

/**
 * A path that the rewrite is not about (the expression does not match, the prefix is not there) goes on as it came. The
 * result is held to the form that the client's own path was brought into: if it were put right instead, a path like
 * `/files/a../secret` could climb out of the place that `^/files/a(.*)$` was to keep it in.
 *
 * @throws Error that says what is wrong with the settings
 */
export function compilePathRewrite({ from, to, prefix }: PathRewriteSettings): PathRewrite {
  const change =
    from === undefined ? changePrefix(prefix ?? { strip: '', add: '' }) : replace(from, to ?? '');
  return (path) => {
    const changed = change(path);
    return canonicalPath(changed) === changed ? changed : null;
  };
}

const GROUP = /\$(?:\$|(\d+)|<([^>]*)>)/g;

function replace(from: string, to: string): (path: string) => string {
  const pattern = compileRegex(from);
  const names = Object.keys(pattern.namedGroups());
  for (const [text, number, name] of to.matchAll(GROUP)) {
    const isThere =
      text === '$$' ||
      (number === undefined ? names.includes(name ?? '') : Number(number) <= pattern.groupCount());
    if (!isThere) throw new Error(`has no group for the ${text} of "to"`);
  }
  return (path) => pattern.matcher(path).replaceFirst(to);
}

function changePrefix({ strip, add }: { strip: string; add: string }): (path: string) => string {
  const [stripped, added] = [strip, add].map((each) => (each.endsWith('/') ? each.slice(0, -1) : each)) as [
    string,
    string,
  ];
  return (path) => {
    if (!path.startsWith(stripped)) return path;
    const rest = path.slice(stripped.length);
    // `/apis` is not below `/api`.
    if (rest !== '' && !rest.startsWith('/')) return path;
    return added + rest || '/';
  };
}
