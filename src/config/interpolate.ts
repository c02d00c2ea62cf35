import { resolve } from 'node:path';
import { readText } from './source.ts';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_FILE_BYTES = 1024 ** 2;

/** Where `${…}` looks: the environment, and files relative to the folder of the configuration. */
export class Lookup {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #folder: string;
  readonly #files = new Map<string, string | undefined>();

  constructor(env: Readonly<Record<string, string | undefined>>, folder: string) {
    this.#env = env;
    this.#folder = folder;
  }

  /** Absolute paths of the files that were asked for, read or not. */
  get files(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** Undefined if not set. */
  variable(name: string): string | undefined {
    return Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
  }

  /** @throws Error with a sentence for people */
  file(path: string): string {
    const absolute = resolve(this.#folder, path);
    const known = this.#files.get(absolute);
    if (known !== undefined) return known;
    this.#files.set(absolute, undefined);
    const text = withoutLastNewlines(readText(absolute, MAX_FILE_BYTES));
    this.#files.set(absolute, text);
    return text;
  }
}

/**
 * Puts in what the `${…}` of a scalar stand for: `${NAME}`, `${NAME:-default}` (default where the variable is unset or
 * empty, as in a shell), `${file:PATH}` (without its last newlines). `$${` is a literal `${`. What was put in is not
 * looked at again.
 *
 * @throws Error with a sentence for people that names the variable or file, never its content
 */
export function interpolate(source: string, lookup: Lookup): string {
  let text = '';
  let at = 0;
  for (;;) {
    const open = source.indexOf('${', at);
    if (open < 0) return text + source.slice(at);
    if (open > at && source[open - 1] === '$') {
      text += `${source.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = source.indexOf('}', open);
    if (close < 0)
      throw new Error('"${" without "}": write "$${" where the two characters themselves are meant');
    text += source.slice(at, open) + resolved(source.slice(open + 2, close), lookup);
    at = close + 1;
  }
}

function resolved(expression: string, lookup: Lookup): string {
  if (expression.startsWith('file:')) return fileContent(expression.slice('file:'.length), lookup);
  const mark = expression.indexOf(':-');
  const name = mark < 0 ? expression : expression.slice(0, mark);
  if (!VARIABLE.test(name)) {
    throw new Error(
      `"\${${name}…" is no variable: write \${NAME}, \${NAME:-default} or \${file:PATH}, or "$\${" where the two characters themselves are meant`,
    );
  }
  const value = lookup.variable(name);
  if (mark < 0) {
    if (value !== undefined) return value;
    throw new Error(`the environment variable ${name} is not set: set it, or write \${${name}:-default}`);
  }
  const otherwise = expression.slice(mark + 2);
  if (otherwise.includes('${')) throw new Error(`the default of \${${name}:-…} can't hold another "\${"`);
  return value === undefined || value === '' ? otherwise : value;
}

function fileContent(path: string, lookup: Lookup): string {
  if (path === '') throw new Error('"${file:}" names no file');
  try {
    return lookup.file(path);
  } catch (cause) {
    throw new Error(`the file ${path} ${cause instanceof Error ? cause.message : "can't be read"}`, {
      cause,
    });
  }
}

function withoutLastNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end -= 1;
  return text.slice(0, end);
}
