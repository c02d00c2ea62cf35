import {
  type Alias,
  CST,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { CHANNEL_KINDS } from './schema/hypercare-channels.ts';
import { isSecretAt, isSecretName } from './wording.ts';

export const MASK = '***';

/** The user and password of a URL. */
const CREDENTIALS = /:\/\/[^/@\s"']*@/g;
/** A Redis URL, as a value or the default of a variable: its password may hold "/" and "@" (`parseRedisUrl`). */
const REDIS = /^((?:\$\{[^}]*:-)?redis(?:s|-cluster|-sentinel)?:\/\/).*@/is;
/** The same as it is written in a text: quoted or not. */
const REDIS_WRITTEN = /(redis(?:s|-cluster|-sentinel)?:\/\/).*@/is;
const REDIS_COMMENTED = /(redis(?:s|-cluster|-sentinel)?:\/\/)\S{0,1000}@/gi;
/** A variable or file, alone or as the credentials of a header. */
const INTERPOLATED = /^(?:(?:Bearer|Basic) )?\$\{[^}]*\}$/i;
const COMMENTED_KEY = /(?<![\w-])([\w-]+)["']?[ \t]*:/g;
const COMMENTED_CHANNEL = new RegExp(`\\bkind["']?[ \\t]*:[ \\t]*["']?(?:${CHANNEL_KINDS.join('|')})\\b`);
/** The address of a webhook lets in by itself. */
const COMMENTED_HOOK = /(https?:\/\/)[^\s"']{0,300}hook[^\s"']*/gi;

/** A copy of a configuration that may be shown: no secret, no password in a URL. Empty secrets stay empty. */
export function maskSecrets<T>(config: T): T {
  return masked(config, []) as T;
}

/** Whether a text that stands behind these keys is not shown as it is. */
export const isHidden = (text: string, keys: readonly unknown[]): boolean => masked(text, keys) !== text;

function masked(value: unknown, keys: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((each) => masked(each, keys));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, each]) => [key, masked(each, [...keys, key])]));
  }
  if (isSecretAt(keys)) return value === '' || value === null ? value : MASK;
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

const withoutCredentials = (value: string): string =>
  value.replace(REDIS, `$1${MASK}@`).replace(CREDENTIALS, `://${MASK}@`);

/**
 * The text of a configuration without its literal secrets, comments included. `${NAME}` stays, since it says only where
 * a secret comes from; of `${NAME:-default}` the default goes. A text that is no YAML is masked as a whole.
 */
export function maskText(text: string): string {
  const doc = parseDocument(text, { schema: 'core', merge: true, prettyErrors: false, logLevel: 'error' });
  if (doc.errors.length > 0) return MASK;
  const secrets = new Map<number, { end: number; text: string }>();
  visit(doc, {
    Pair(_, pair, ancestors) {
      if (!isScalar(pair.key) || !isNode(pair.value)) return;
      const keys = [...ancestors, pair].flatMap((node) =>
        isPair(node) && isScalar(node.key) ? [node.key.value] : [],
      );
      if (!isSecretAt(keys)) return;
      for (const scalar of scalarsOf(pair.value, (alias) => alias.resolve(doc))) {
        const [start, end] = scalar.range ?? [0, 0];
        const written = maskedSource(String(scalar.value ?? ''));
        if (end > start && written !== undefined) secrets.set(start, { end, text: written });
      }
    },
    Scalar(at, { value, range }) {
      const [start, end] = range ?? [0, 0];
      if (at === 'key' || secrets.has(start) || typeof value !== 'string' || !REDIS.test(value)) return;
      const written = text.slice(start, end).replace(REDIS_WRITTEN, `$1${MASK}@`);
      secrets.set(start, { end, text: written.includes(MASK) ? written.trimEnd() : MASK });
    },
  });
  for (const { start, end } of commentsIn(text))
    secrets.set(start, { end, text: maskComments(text.slice(start, end)) });
  let shown = '';
  let at = 0;
  for (const [start, { end, text: mask }] of [...secrets].sort(([a], [b]) => a - b)) {
    if (start < at) continue;
    // A block scalar ends with its last newline, which belongs to the lines and not to the secret.
    shown += text.slice(at, start) + mask + (text[end - 1] === '\n' ? '\n' : '');
    at = end;
  }
  shown += text.slice(at);
  return shown.replace(CREDENTIALS, `://${MASK}@`);
}

/** What to write in its place; undefined where there is nothing to hide. */
function maskedSource(value: string): string | undefined {
  if (value === '') return undefined;
  if (!INTERPOLATED.test(value)) return MASK;
  const mark = value.indexOf(':-');
  return mark < 0 || mark === value.length - 3 ? undefined : `"${value.slice(0, mark)}:-${MASK}}"`;
}

type Scalars = Extract<Node, { value: unknown }>[];

function scalarsOf(node: Node, resolve: (alias: Alias) => Node | undefined, depth = 0): Scalars {
  if (isScalar(node)) return [node];
  // Aliases can go round in circles; no secret is nested this deep.
  if (depth > 20) return [];
  const within = isAlias(node)
    ? [resolve(node)]
    : isMap(node)
      ? node.items.map(({ value }) => value)
      : isSeq(node)
        ? node.items
        : [];
  return within.filter(isNode).flatMap((each) => scalarsOf(each, resolve, depth + 1));
}

const isNode = (value: unknown): value is Node =>
  isScalar(value) || isAlias(value) || isMap(value) || isSeq(value);

/** What the lexer says beside the text. */
const MARKS: readonly string[] = [CST.DOCUMENT, CST.FLOW_END, CST.SCALAR];

/** Where comments stand, those below one another as one: what is commented out is often several lines. */
function commentsIn(text: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  let isGoingOn = false;
  let isValue = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (!isValue && MARKS.includes(lexeme)) {
      isValue = lexeme === CST.SCALAR;
      continue;
    }
    const start = at;
    at += lexeme.length;
    const last = found.at(-1);
    if (isValue || !/^[#\s]/.test(lexeme)) isGoingOn = false;
    else if (lexeme.startsWith('#')) {
      if (isGoingOn && last) last.end = at;
      else found.push({ start, end: at });
      isGoingOn = true;
    }
    isValue = false;
  }
  return found;
}

/** A secret that was commented out is a secret still. */
function maskComments(comments: string): string {
  const isOfChannel = COMMENTED_CHANNEL.test(comments);
  const isSecret = (key: string): boolean => isSecretName(key) || (isOfChannel && key === 'url');
  return comments
    .split('\n')
    .map((line) => {
      const found = line.matchAll(COMMENTED_KEY).find(([, key = '']) => isSecret(key));
      if (!found) return withoutAddresses(line);
      return `${withoutAddresses(line.slice(0, found.index + found[0].length))} ${MASK}`;
    })
    .join('\n');
}

const withoutAddresses = (comment: string): string =>
  comment.replace(REDIS_COMMENTED, `$1${MASK}@`).replace(COMMENTED_HOOK, `$1${MASK}`);
