import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Path } from './path.ts';

/** A node that holds a value, aliases followed. */
export type ValueNode = Exclude<Node, Alias>;

/** From 1. */
export interface Place {
  line: number;
  column: number;
}

interface Found {
  /** The pair's key, for what stands in a map. */
  key: Node | undefined;
  /** As it is written: maybe an alias. */
  node: Node | undefined;
}

/** Where in the file the value of a path was written. */
export class Places {
  readonly #doc: Document | undefined;
  readonly #lines: LineCounter;

  constructor(doc: Document | undefined, lines: LineCounter) {
    this.#doc = doc;
    this.#lines = lines;
  }

  ofOffset(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    // Without a newline before it, yaml counts from line 0.
    return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col };
  }

  /** The place of the key of a map's entry; of what is not written, the place of the nearest thing around it. */
  ofKey(path: Path): Place {
    const { key, node } = this.#walk(path);
    return this.ofOffset(start(key) ?? start(node) ?? 0);
  }

  /** The place of a value; where nothing stands behind the key, the place of the key. */
  ofValue(path: Path): Place {
    const { key, node } = this.#walk(path);
    const isBlank = isScalar(node) && node.source === '';
    return this.ofOffset((isBlank ? start(key) : undefined) ?? start(node) ?? start(key) ?? 0);
  }

  /** The node of a value, aliases followed; undefined if the path is not written in the file. */
  nodeAt(path: Path): ValueNode | undefined {
    const { node, depth } = this.#walk(path);
    return depth === path.length ? this.#resolved(node) : undefined;
  }

  /** The path of the entry whose key stands at `offset`. */
  pathOfKey(offset: number): Path {
    let path: Path = [];
    if (this.#doc === undefined) return path;
    visit(this.#doc, {
      Pair(_, pair, parents) {
        if (start(pair.key) !== offset) return undefined;
        path = pathOfNode(parents, pair);
        return visit.BREAK;
      },
    });
    return path;
  }

  #walk(path: Path): Found & { depth: number } {
    let found: Found = { key: undefined, node: this.#doc?.contents ?? undefined };
    for (const [depth, step] of path.entries()) {
      const next = this.#child(this.#resolved(found.node), step);
      if (next === undefined) return { ...found, depth };
      found = next;
    }
    return { ...found, depth: path.length };
  }

  #child(node: ValueNode | undefined, step: string | number): Found | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return isNode(item) ? { key: undefined, node: item } : undefined;
    }
    return isMap(node) ? this.#entry(node, String(step)) : undefined;
  }

  #entry(map: YAMLMap, name: string): Found | undefined {
    // The last one counts where a key is there twice, as in the values.
    const pair = map.items.findLast((each) => keyText(each) === name && !isMerge(each));
    if (pair !== undefined) return { key: asNode(pair.key), node: asNode(pair.value) };
    for (const { value } of map.items.filter(isMerge)) {
      const source = this.#resolved(asNode(value));
      const merged = isSeq(source) ? source.items.map((each) => this.#resolved(asNode(each))) : [source];
      for (const each of merged) {
        const found = isMap(each) && each !== map ? this.#entry(each, name) : undefined;
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #resolved(node: Node | undefined): ValueNode | undefined {
    return isAlias(node) && this.#doc !== undefined
      ? node.resolve(this.#doc)
      : (node as ValueNode | undefined);
  }
}

/** The path of a node or pair that `visit` came to through `parents`. */
export function pathOfNode(parents: readonly unknown[], node: unknown): Path {
  const path: (string | number)[] = [];
  const way = [...parents, node];
  for (const [depth, each] of way.entries()) {
    const parent = way[depth - 1];
    if (isPair(each)) path.push(keyText(each));
    if (isSeq(parent)) path.push(parent.items.indexOf(each));
  }
  return path;
}

const isNode = (value: unknown): value is Node =>
  isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);
const asNode = (value: unknown): Node | undefined => (isNode(value) ? value : undefined);
const start = (value: unknown): number | undefined => asNode(value)?.range?.[0];
const isMerge = (pair: Pair): boolean => isScalar(pair.key) && typeof pair.key.value === 'symbol';

function keyText(pair: Pair): string {
  if (!isScalar(pair.key)) return '';
  return typeof pair.key.value === 'symbol' ? '<<' : String(pair.key.value);
}
