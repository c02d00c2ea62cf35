import { isDeepStrictEqual } from 'node:util';
import { parseDocument, visit } from 'yaml';
import { type Sent, SHOWN, sentBy } from './destinations.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { interpolate, type Lookup } from './interpolate.ts';
import { isHidden } from './mask.ts';
import { Part } from './part.ts';
import type { Path } from './path.ts';
import type { Finding } from './schema-problems.ts';

/** A change by somebody who may not know the secrets of what he changes. */
export interface Change {
  /** The text that serves. */
  readonly from: string;
  /** What he wrote himself, as YAML or JSON: what stands in it he knows. */
  readonly written: string;
}

/** `${…}`, and not `$${`. */
const EXPRESSION = /(?<!\$)\$\{[^}]*\}/g;
/** Characters. What is shorter is in other words by chance. */
const TELLING = 6;

const ELSE = 'write the secret itself with this change, or make the change in the file';

/**
 * Where a change would send, or show, a secret that its author has not given: to another origin, say, with a provider's key
 * carried over. What a `${…}` holds is such a secret: it goes where it goes already (docs/decisions/0040).
 *
 * @param to valid
 */
export function movedSecrets(to: ConfigDocument, { from, written }: Change, lookup: Lookup): Finding[] {
  const before = readDocument(from, lookup);
  const [was, is] = [sentBy(before.value), sentBy(to.value)];
  const known = scalarsIn(written);
  const secrets = new Set([
    ...was
      .filter(({ path, text }) => path.at(-1) !== 'sha256' && isHidden(text, path))
      .map(({ text }) => text),
    ...[before, to].flatMap((each) => expressionsOf(each, lookup)),
  ]);
  const unknown = [...secrets].filter((each) => each !== '' && !known.some((text) => holds(text, each)));
  const ways = new Set(was.flatMap((sent) => sent.to.map((each) => wayOf(sent.text, each))));
  const moved = is.flatMap(({ path, text, to: all }): Finding[] => {
    const news = all.filter((each) => !ways.has(wayOf(text, each)));
    const place = news.length > 0 && strangeTo(unknown, text, news, was);
    return place ? [{ path, at: 'value', message: messageOf(place) }] : [];
  });
  return [...moved, ...newPrograms(before.value, to.value)];
}

/** Where a text that holds a secret goes, and the secret has not gone. */
function strangeTo(
  secrets: readonly string[],
  text: string,
  places: readonly string[],
  was: readonly Sent[],
): string | undefined {
  for (const secret of secrets) {
    if (!holds(text, secret)) continue;
    const bound = new Set(was.flatMap((each) => (holds(each.text, secret) ? each.to : [])));
    const strange = places.find((each) => !bound.has(each));
    if (strange !== undefined) return strange;
  }
  return undefined;
}

const wayOf = (text: string, to: string): string => `${to} ${text}`;

const messageOf = (place: string): string =>
  place === SHOWN
    ? `would show a secret, or what a variable or a file holds: ${ELSE}`
    : `is a secret, or what a variable or a file holds, and would go to ${place}, where it does not go now: ${ELSE}`;

const holds = (text: string, secret: string): boolean =>
  text === secret || (secret.length >= TELLING && text.includes(secret));

/** What each `${…}` of a file holds. */
const expressionsOf = ({ interpolated }: ConfigDocument, lookup: Lookup): string[] =>
  [...interpolated.values()].flatMap(({ source, text }) =>
    text === undefined ? [] : (source.match(EXPRESSION) ?? []).map((each) => interpolate(each, lookup)),
  );

/** Masks, which are no YAML where they stand bare, do not matter here. */
function scalarsIn(text: string): string[] {
  const found: string[] = [];
  visit(parseDocument(text, { schema: 'core', prettyErrors: false, logLevel: 'error' }), {
    Scalar(at, { value }) {
      if (at !== 'key' && value !== null) found.push(String(value));
    },
  });
  return found;
}

/** Who names a program, or what it finds in its environment, reads all that this process can read. */
function newPrograms(before: unknown, after: unknown): Finding[] {
  const was = programsIn(before);
  return programsIn(after)
    .filter(({ runs }) => !was.some((each) => isDeepStrictEqual(each.runs, runs)))
    .map(({ path }) => ({ path, at: 'value', message: OF_FILE }));
}

const programsIn = (config: unknown): { path: Path; runs: readonly unknown[] }[] =>
  new Part(config)
    .get('mcp', 'servers')
    .entries.filter(([, server]) => server.has('command'))
    .map(([, server]) => ({
      path: server.get('command').path,
      runs: ['command', 'cwd', 'env'].map((key) => server.get(key).value),
    }));

const OF_FILE =
  'which programs run, where, and with what environment, only the file says: make the change there';
