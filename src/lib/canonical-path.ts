/**
 * The one form of a path that routing, auth, limits, log and upstream share. A path is decoded once: escapes of
 * characters that need none are undone, `//` and dot segments are resolved. What could be read differently by somebody
 * further on (an escaped slash, backslash or NUL, an escape of an escape) has no canonical form and is refused.
 * RFC 3986 sections 6.2.2 and 5.2.4.
 */

const PLAIN = 1;
const SLASH = 2;
const DOT = 3;
const PERCENT = 4;

/** What each byte may be in a path: 0 = nothing (controls, space, `\`, `?`, `#`, `"`, `<`, `>`, non-ASCII …). */
const KIND = new Uint8Array(256);
for (const char of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!$&'()*+,=:@;") {
  KIND[char.charCodeAt(0)] = PLAIN;
}
// Seen raw in the wild and passed on by browsers; they mean nothing in a path.
for (const char of '[]|^`{}') KIND[char.charCodeAt(0)] = PLAIN;
KIND[0x2f] = SLASH;
KIND[0x2e] = DOT;
KIND[0x25] = PERCENT;

/** Characters that mean themselves whether escaped or not (RFC 3986 2.3). */
const isUnreserved = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x61 && code <= 0x7a) ||
  code === 0x2d ||
  code === 0x2e ||
  code === 0x5f ||
  code === 0x7e;

const hexValue = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/**
 * @param path an origin-form path without query
 * @returns the canonical path, or null if there is none
 */
export function canonicalPath(path: string): string | null {
  if (path.charCodeAt(0) !== 0x2f) return null;
  // The common case has nothing to do: it costs one look at each byte and no allocation.
  for (let i = 1, previous = SLASH; i < path.length; i++) {
    const kind = KIND[path.charCodeAt(i)] ?? 0;
    if (kind === PLAIN || (previous === PLAIN && kind !== 0 && kind !== PERCENT)) {
      previous = kind;
      continue;
    }
    if (kind === DOT && previous === DOT) continue;
    return rewrite(path);
  }
  return path;
}

function rewrite(path: string): string | null {
  const decoded = decodeOnce(path);
  if (decoded === null) return null;
  const segments: string[] = [];
  const parts = decoded.split('/');
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] as string;
    const last = i === parts.length - 1;
    if (part === '' || part === '.') {
      if (last) segments.push('');
    } else if (part === '..') {
      if (segments.length === 0) return null; // above the root: nobody honest asks for that
      segments.pop();
      if (last) segments.push('');
    } else if (isDotsWithParameter(part)) {
      return null;
    } else {
      segments.push(part);
    }
  }
  return `/${segments.join('/')}`;
}

/** `..;x` is a plain name here and "up" to servlet containers (path parameters). */
function isDotsWithParameter(part: string): boolean {
  const at = part.startsWith('..') ? 2 : part.startsWith('.') ? 1 : 0;
  return at > 0 && (part.charCodeAt(at) === 0x3b || part.startsWith('%3B', at));
}

function decodeOnce(path: string): string | null {
  let out = '';
  let from = 0;
  for (let i = 0; i < path.length; i++) {
    const kind = KIND[path.charCodeAt(i)] ?? 0;
    if (kind === 0 || path.charCodeAt(i) > 255) return null;
    if (kind !== PERCENT) continue;
    const high = hexValue(path.charCodeAt(i + 1));
    const low = hexValue(path.charCodeAt(i + 2));
    if (high < 0 || low < 0) return null;
    const code = high * 16 + low;
    // NUL and other controls, '/', '\\', DEL.
    if (code < 0x20 || code === 0x2f || code === 0x5c || code === 0x7f) return null;
    out += path.slice(from, i);
    out += isUnreserved(code) ? String.fromCharCode(code) : path.slice(i, i + 3).toUpperCase();
    i += 2;
    from = i + 1;
  }
  const decoded = out + path.slice(from);
  return hidesAnEscape(decoded) ? null : decoded;
}

/** `%252e`: a '%' that was escaped is a '%', unless a second decoding would make something else of what follows it. */
function hidesAnEscape(decoded: string): boolean {
  for (let at = decoded.indexOf('%25'); at >= 0; at = decoded.indexOf('%25', at + 3)) {
    if (hexValue(decoded.charCodeAt(at + 3)) >= 0 && hexValue(decoded.charCodeAt(at + 4)) >= 0) return true;
  }
  return false;
}

const RESERVED = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

/**
 * A canonical path as the router is to read it: with the escapes undone that a router leaves and most servers undo, so
 * that a policy on `/@me/*` can't be walked around as `/%40me/`. What is forwarded keeps them: `a%2Bb` is not `a+b`.
 */
export function routedPath(canonical: string): string {
  if (!canonical.includes('%')) return canonical;
  return canonical.replace(RESERVED, (triplet) => String.fromCharCode(Number.parseInt(triplet.slice(1), 16)));
}

/** Where the path ends and the query begins. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at) };
}
