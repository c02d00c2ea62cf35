import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import { interpolate, type Lookup } from './interpolate.ts';
import type { Path } from './path.ts';
import { Places, pathOfNode, type ValueNode } from './places.ts';

/** What is wrong before any schema is asked. */
export interface DocumentProblem {
  offset: number;
  path: Path;
  message: string;
}

/** A scalar that came from `${…}`. */
export interface Interpolated {
  /** As it is written in the file: what a message may show. */
  source: string;
  /** What it became, before it was given a type; undefined if that failed and a problem says so. */
  text: string | undefined;
}

export interface ConfigDocument {
  places: Places;
  interpolated: Map<ValueNode, Interpolated>;
  problems: DocumentProblem[];
  /** The values, nothing shared between two places; undefined where the file can't be understood. */
  value: unknown;
}

/** Far above any configuration, far below what fills the memory: aliases multiply. */
const MAX_VALUES = 1_000_000;
const MAX_ALIASES = 100;

/** Beyond this many the parser only stumbles over its own guesses. */
const MAX_YAML_PROBLEMS = 200;

/** YAML 1.2 (core schema, with merge keys) → values and their places. Never throws: what is wrong is in `problems`. */
export function readDocument(text: string, lookup: Lookup): ConfigDocument {
  const lines = new LineCounter();
  const read: ConfigDocument = {
    places: new Places(undefined, lines),
    interpolated: new Map(),
    problems: [],
    value: undefined,
  };
  let firstAlias: Pick<DocumentProblem, 'offset' | 'path'> | undefined;
  try {
    const doc = parseDocument(text, {
      schema: 'core',
      merge: true,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    });
    read.places = new Places(doc, lines);
    // Not while the parser has guessed: what follows would be about its guesses.
    if (!yamlProblems(doc, read)) return read;
    firstAlias = readScalars(doc, lookup, read);
    const value: unknown = doc.toJS({ maxAliasCount: MAX_ALIASES });
    read.value = unshared(value, { left: MAX_VALUES }, new Set());
  } catch (error) {
    // yaml throws where it follows aliases or runs out of stack, without a place; what has a place goes first.
    if (read.problems.length === 0)
      read.problems.push({ ...(firstAlias ?? { offset: 0, path: [] }), message: failed(error) });
    read.value = undefined;
  }
  return read;
}

/** Notes what the parser complains about. True if the values can be looked at nevertheless. */
function yamlProblems(doc: Document.Parsed<ParsedNode>, { places, problems }: ConfigDocument): boolean {
  let usable = true;
  for (const { code, pos, message } of [...doc.errors, ...doc.warnings].slice(0, MAX_YAML_PROBLEMS)) {
    const isDuplicate = code === 'DUPLICATE_KEY';
    usable &&= isDuplicate;
    problems.push({
      offset: pos[0],
      path: isDuplicate ? places.pathOfKey(pos[0]) : [],
      message: yamlMessage(code, message),
    });
  }
  if (!usable || isMap(doc.contents)) return usable;
  const isEmpty = doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null);
  const message = isEmpty
    ? 'the file is empty: write at least "version: 1"'
    : 'the file must be a map of keys and values';
  problems.push({ offset: 0, path: [], message });
  return false;
}

/**
 * Puts the variables in, and refuses keys that are no plain text and aliases of nothing. Gives back where the first
 * alias stands: yaml names no place when aliases go wrong.
 */
function readScalars(
  doc: Document.Parsed<ParsedNode>,
  lookup: Lookup,
  { interpolated, problems }: ConfigDocument,
): Pick<DocumentProblem, 'offset' | 'path'> | undefined {
  const anchors = new Set<string>();
  let firstAlias: Pick<DocumentProblem, 'offset' | 'path'> | undefined;
  visit(doc, {
    Collection(_, node) {
      if (node.anchor) anchors.add(node.anchor);
    },
    Alias(_, node, parents) {
      const at = { offset: node.range?.[0] ?? 0, path: pathOfNode(parents, node) };
      firstAlias ??= at;
      if (anchors.has(node.source)) return;
      problems.push({ ...at, message: `there is no anchor &${node.source} above this alias` });
    },
    Pair(_, pair, parents) {
      const { key } = pair;
      if (isScalar(key) && key.value !== null) return;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const path = pathOfNode(parents, undefined);
      problems.push({ offset, path, message: 'a key must be plain text (put "{{…}}" in quotes)' });
    },
    Scalar(at, node, parents) {
      if (node.anchor) anchors.add(node.anchor);
      if (at === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const source = node.value;
      try {
        const text = interpolate(source, lookup);
        interpolated.set(node, { source, text });
        node.value = node.type === 'PLAIN' && node.tag === undefined ? typed(doc, text) : text;
      } catch (error) {
        interpolated.set(node, { source, text: undefined });
        const message = error instanceof Error ? error.message : 'unknown error';
        problems.push({ offset: node.range?.[0] ?? 0, path: pathOfNode(parents, node), message });
      }
    },
  });
  return firstAlias;
}

/** The value of a plain scalar by the rules of the core schema. Empty stays empty text: null would help nobody. */
function typed(doc: Document, text: string): unknown {
  if (text === '') return text;
  const tag = doc.schema.tags.find(
    (each) => each.default === true && 'test' in each && each.test?.test(text),
  );
  if (tag === undefined || tag.collection) return text;
  const value: unknown = tag.resolve(text, () => undefined, doc.options);
  return isScalar(value) ? value.value : value;
}

/**
 * A deep copy in which nothing is shared, so that a default filled in at one use of an alias doesn't show at another.
 *
 * @throws Error if the document contains itself or grows beyond measure
 */
function unshared(value: unknown, budget: { left: number }, parents: Set<unknown>): unknown {
  budget.left -= 1;
  if (budget.left < 0) throw new Error('the aliases make too many values of it');
  if (typeof value !== 'object' || value === null) return value;
  if (parents.has(value)) throw new Error('an alias contains itself');
  parents.add(value);
  const copy = Array.isArray(value)
    ? value.map((each) => unshared(each, budget, parents))
    : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unshared(each, budget, parents)]));
  parents.delete(value);
  return copy;
}

/** Errors that yaml throws instead of reporting them. */
function failed(error: unknown): string {
  if (error instanceof RangeError) return 'the document is nested too deep';
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('Excessive alias count'))
    return `more than ${MAX_ALIASES} uses of one alias are refused`;
  return `the YAML can't be resolved: ${message}`;
}

function yamlMessage(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this key is there twice: keep one';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here: a configuration is one document, remove the "---"';
    case 'TAB_AS_INDENT':
      return 'YAML is indented with spaces, not with tabs';
    default:
      return `not valid YAML: ${message}`;
  }
}
