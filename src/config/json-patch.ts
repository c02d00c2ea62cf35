import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { sameLines } from './diff.ts';

/** One step of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; path: string; from: string };

/** What its author has written of a patch, as JSON: what it moves and copies may be secrets that he was not shown. */
export const valuesIn = (operations: readonly PatchOperation[]): string =>
  JSON.stringify(operations.map((operation) => ('value' in operation ? operation.value : null)));

/** A patch that doesn't fit the document; nothing of it was applied. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  /** Which operation, from 0. */
  readonly index: number;
  readonly path: string;

  constructor(index: number, path: string, message: string) {
    super(message);
    this.index = index;
    this.path = path;
  }
}

/**
 * Applies a JSON patch to a YAML text: what the patch doesn't touch stays as it is written, line by line; where that can't
 * be (lines broken in unusual places), comments, quotes and order stay, and spacing is made even. Paths go through the file as it is written (no defaults, `${…}` as text), never through an alias.
 *
 * @throws PatchError; an Error if the text is no YAML
 */
export function patchText(text: string, operations: readonly PatchOperation[]): string {
  const doc = parseDocument(text, PARSING);
  if (doc.errors.length > 0) throw new Error(`not valid YAML: ${doc.errors[0]?.message}`);
  const before = doc.toString(STYLE);
  for (const [index, operation] of operations.entries()) {
    try {
      apply(doc, operation);
    } catch (error) {
      throw new PatchError(index, operation.path, error instanceof Error ? error.message : String(error));
    }
  }
  return keptLines(text, before, doc.toString(STYLE));
}

const PARSING = { schema: 'core', merge: true, prettyErrors: false, logLevel: 'error' } as const;
const STYLE = { lineWidth: 0 };

/**
 * The text after a change, in which every line that did not change is as it was written.
 * @param written before the change, by people
 * @param before the same as `yaml` writes it
 * @param after the change, as `yaml` writes it
 */
function keptLines(written: string, before: string, after: string): string {
  const [old, from, to] = [written, before, after].map((text) => text.split('\n')) as [
    string[],
    string[],
    string[],
  ];
  if (old.length !== from.length) return after;
  for (const [x, y] of sameLines(from, to)) to[y] = old[x] as string;
  const kept = to.join('\n');
  const doc = parseDocument(kept, PARSING);
  // Lines of two hands may be indented differently, and then mean something else together.
  const isSame = doc.errors.length === 0 && doc.toString(STYLE) === after;
  return isSame ? kept : after;
}

function apply(doc: Document, operation: PatchOperation): void {
  const path = stepsOf(operation.path);
  switch (operation.op) {
    case 'add':
      add(doc, path, doc.createNode(operation.value));
      break;
    case 'remove':
      remove(doc, path);
      break;
    case 'replace':
      replace(doc, path, operation.value);
      break;
    case 'test':
      if (!isDeepStrictEqual(plain(doc, nodeAt(doc, path)), operation.value))
        throw new Error('the value there is another');
      break;
    case 'move': {
      const from = stepsOf(operation.from);
      if (path.length > from.length && from.every((step, i) => step === path[i]))
        throw new Error('a value can not be moved into itself');
      add(doc, path, remove(doc, from));
      break;
    }
    case 'copy':
      add(doc, path, doc.createNode(plain(doc, nodeAt(doc, stepsOf(operation.from)))));
      break;
  }
}

function add(doc: Document, path: readonly string[], node: Node): void {
  const key = path.at(-1);
  if (key === undefined) {
    doc.contents = node;
    return;
  }
  const parent = nodeAt(doc, path.slice(0, -1));
  if (isMap(parent)) parent.set(keyOf(parent, key) ?? key, node);
  else if (isSeq(parent))
    parent.items.splice(key === '-' ? parent.items.length : indexOf(key, parent.items.length), 0, node);
  else throw new Error('there is no map and no list that could hold it');
}

function remove(doc: Document, path: readonly string[]): Node {
  const node = nodeAt(doc, path);
  const key = path.at(-1);
  if (key === undefined) throw new Error('the whole document can not be removed');
  const parent = nodeAt(doc, path.slice(0, -1));
  if (isMap(parent)) parent.delete(keyOf(parent, key));
  else if (isSeq(parent)) parent.items.splice(Number(key), 1);
  return node;
}

function replace(doc: Document, path: readonly string[], value: unknown): void {
  const old = nodeAt(doc, path);
  const node = doc.createNode(value);
  // A comment at the end of the line is about the key rather than the value.
  node.comment = old.comment;
  node.commentBefore = old.commentBefore;
  const key = path.at(-1);
  if (key === undefined) {
    doc.contents = node;
    return;
  }
  const parent = nodeAt(doc, path.slice(0, -1));
  if (isMap(parent)) parent.set(keyOf(parent, key), node);
  else if (isSeq(parent)) parent.items[Number(key)] = node;
}

/** @throws Error if nothing stands there */
function nodeAt(doc: Document, path: readonly string[]): Node {
  let node: unknown = doc.contents;
  for (const step of path) {
    if (isMap(node)) node = node.get(keyOf(node, step), true);
    else if (isSeq(node)) node = node.items[indexOf(step, node.items.length - 1)];
    else if (isAlias(node))
      throw new Error('the way goes through an alias: change what it stands for, or the text');
    else node = undefined;
  }
  if (!isNode(node)) throw new Error('there is nothing');
  return node;
}

/** The key as the map holds it, which may be a number; undefined if it has none of this text. */
function keyOf(map: YAMLMap, text: string): unknown {
  return map.items.map(({ key }) => (isScalar(key) ? key.value : key)).find((key) => String(key) === text);
}

const plain = (doc: Document, node: Node): unknown => node.toJS(doc);

/** A JSON pointer (RFC 6901) → the keys on the way. */
function stepsOf(pointer: string): string[] {
  if (pointer !== '' && !pointer.startsWith('/')) throw new Error('a path begins with "/"');
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function indexOf(step: string, last: number): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1;
  if (index < 0 || index > last) throw new Error(`the list has no place ${JSON.stringify(step)}`);
  return index;
}
