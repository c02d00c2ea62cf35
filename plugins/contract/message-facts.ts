import type { HeaderBag } from '../../src/contracts/policy.ts';

/** The names in a query that begins with `?`, decoded. */
export function queryNames(query: string): string[] {
  return [...new URLSearchParams(query).keys()];
}

/** `Application/JSON; charset=utf-8` → `application/json`; '' if there is none. */
export function mediaType(header: HeaderBag[string]): string {
  if (typeof header !== 'string') return '';
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}
