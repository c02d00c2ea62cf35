import { NAME_PATTERN } from './schema/units.ts';

/** Keys whose values are secrets, literal ones too, in any case: never shown, never in a diff or an export. */
const SECRETS: ReadonlySet<string> = new Set(
  [
    'apiKey',
    'token',
    'sha256',
    'password',
    'secret',
    'encryptWith',
    'decryptWith',
    'routingKey',
    'secretAccessKey',
    'sessionToken',
    'serviceAccount',
    'credentials',
    'stateKey',
    'env',
    // Headers that a config adds.
    'x-api-key',
    'cookie',
  ].map((key) => key.toLowerCase()),
);
/** What stands below these has a name of the user's choice: a header, a parameter, a place in a body. */
const NAMING: ReadonlySet<string> = new Set(['set', 'add', 'headers']);
const SECRET_NAME = /authorization|cookie|token(?!s)|secret|key|passw|credential/i;

/** Whether a header, a parameter or whatever else a user names may hold one. */
export const isSecretName = (name: string): boolean =>
  SECRETS.has(name.toLowerCase()) || SECRET_NAME.test(name);

/** Whether the value at the end of these keys is one: by a key on the way, or as the address of a webhook, which lets in by itself. */
export const isSecretAt = (keys: readonly unknown[]): boolean =>
  keys.some(
    (key, at) =>
      SECRETS.has(String(key).toLowerCase()) ||
      (NAMING.has(String(keys[at - 1])) && isSecretName(String(key))),
  ) ||
  (String(keys.at(-1)) === 'url' && keys.includes('notify'));

/** The types of JSON Schema in words, with their article. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
};

export const typeWords = (types: string | readonly string[]): string =>
  or((typeof types === 'string' ? [types] : types).map((type) => TYPES[type] ?? type));

/** `a`, `a or b`, `a, b or c`. */
export const or = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** What a value is, in words; scalars with their value, shortened. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'number') return `the number ${value}`;
  const text = String(value);
  return typeof value === 'string' ? JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text) : text;
}

/** What the patterns of the schema want, in words. */
const PATTERNS: Readonly<Record<string, string>> = {
  [NAME_PATTERN]: 'a name of at most 64 letters, digits, "." "_" "-", beginning with a letter or digit',
  '^/': 'a path that begins with "/"',
  '^[0-9a-f]{64}$': 'the SHA-256 of the key: 64 hex digits in lower case',
  '^(/[A-Za-z0-9._~-]+)*$': 'a path like /api/v1, without escapes and without a slash at its end',
  '^P[0-4]$': 'a priority: P0, P1, P2, P3 or P4',
  '^[^/]+/.+$': 'provider/model',
  '^\\d+$': 'a whole number',
  '^[<>]=?\\d+$': 'a comparison like ">8000"',
  '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$': 'an http:// or https:// URL without user, query and fragment',
  '^(memory:|sqlite:.+|rediss?://.+|redis-(cluster|sentinel)://.+)$':
    'memory:, sqlite:PATH, redis://…, rediss://…, redis-cluster://… or redis-sentinel://…',
  '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):\\d{1,5}$': 'host:port, an IPv6 address in brackets',
  '^(\\*\\.)?[A-Za-z0-9.-]+$': 'a host name without port; "*.example.com" stands for every name below',
  '^/[A-Za-z0-9/_-]*[A-Za-z0-9_-]$': 'a path like /v1, without a slash at its end',
};

export const patternWords = (pattern: string): string => PATTERNS[pattern] ?? `text that matches ${pattern}`;
