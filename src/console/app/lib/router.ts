import { useEffect, useState } from 'preact/hooks';

/** Where the console is: everything that can be looked at has such an address (`#/findings/f_12?tab=evidence`). */
export interface Location {
  /** `findings`, `f_12`. Never empty: the first screen is `now`. */
  readonly parts: readonly [string, ...string[]];
  /** All of it as it is written. */
  readonly hash: string;
  readonly query: URLSearchParams;
}

export function readLocation(hash: string): Location {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [first, ...rest] = path.split('/').filter(Boolean).map(decode);
  return { hash, parts: [first ?? 'now', ...rest], query: new URLSearchParams(query) };
}

/** A hand-written `%` is taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** The address of a view, each part escaped. */
export function linkTo(
  parts: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(key, value);
  const path = parts.map(encodeURIComponent).join('/');
  return search.size === 0 ? `#/${path}` : `#/${path}?${search}`;
}

/** Takes whoever follows an address to what it names, once that is there: a `ref` of an element with a tabindex. */
export const goThere = (element: HTMLElement | null): void => element?.focus();

export function go(hash: string): void {
  location.hash = hash;
}

export function useLocation(): Location {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return readLocation(hash);
}
