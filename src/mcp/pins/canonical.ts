import { hash } from 'node:crypto';

/**
 * A JSON value in its one canonical form (RFC 8785): keys in the order of their UTF-16 units, no white space. Numbers and
 * strings are written as ECMAScript writes them, which is what the RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 of the canonical form, lower-case hex. */
export const canonicalDigest = (value: unknown): string => hash('sha256', canonicalJson(value));
