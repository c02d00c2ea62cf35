import type { IncomingHttpHeaders } from 'node:http';
import { routedPath } from '../lib/canonical-path.ts';
import { type Conditions, compileConditions, hasConditions, hostName } from './conditions.ts';

/** Those that ask for more than a path and a method, in the order in which they are asked. */
type Choices<T> = { readonly meets: ReturnType<typeof compileConditions>; readonly taker: T }[];

/** A node of the tree of segments. Flat, and without what few have: a look-up costs what it has to fetch from memory. */
interface Branch<T> {
  named: Map<string, Branch<T>> | undefined;
  /** Any segment, that behind a last slash too. */
  parameter: Branch<T> | undefined;
  /** Takes paths that end here. */
  end: T | undefined;
  endChoices: Choices<T> | undefined;
  /** Takes paths that go on from here, in whatever way: `*`. */
  rest: T | undefined;
  restChoices: Choices<T> | undefined;
}

const branch = <T>(): Branch<T> => ({
  named: undefined,
  parameter: undefined,
  end: undefined,
  endChoices: undefined,
  rest: undefined,
  restChoices: undefined,
});

/**
 * Who takes a request, by method, path and headers. In a place of a path a name goes before a parameter and that before
 * `*`; where the headers suit none of those that share a pattern, the search goes on to less specific ones. A tree of
 * whole segments, one a method: a path costs a look-up a segment, whether there are ten routes or ten thousand
 * (docs/decisions: own-route-table; bench/micro/routes).
 */
export class RouteTable<T> {
  readonly #trees = new Map<string, Branch<T>>();

  /**
   * @param pattern `/users/:id/orders`, `/api/*`: decoded, a parameter is a whole segment, `*` the whole last one
   * @returns false if another takes all of that already: nothing is added
   */
  add(method: string, pattern: string, taker: T, conditions: Conditions = {}): boolean {
    let at = this.#trees.get(method);
    if (at === undefined) {
      at = branch();
      this.#trees.set(method, at);
    }
    const segments = pattern.split('/').slice(1);
    const isOpen = segments.at(-1) === '*';
    if (isOpen) segments.pop();
    for (const segment of segments) at = step(at, segment);
    const [whole, choices] = isOpen ? (['rest', 'restChoices'] as const) : (['end', 'endChoices'] as const);
    if (hasConditions(conditions) || conditions.preflightFor !== undefined) {
      at[choices] ??= [];
      at[choices].push({ meets: compileConditions(conditions), taker });
      return true;
    }
    if (at[whole] !== undefined) return false;
    at[whole] = taker;
    return true;
  }

  /** @param path canonical, maybe with escapes; nobody takes one that is not UTF-8 */
  find(method: string, path: string, headers: IncomingHttpHeaders): T | undefined {
    const tree = this.#trees.get(method);
    if (tree === undefined) return undefined;
    if (!path.includes('%')) return search(tree, path, 1, headers);
    const read = decoded(path);
    return read === undefined ? undefined : search(tree, read, 1, headers);
  }

  /** Who would take each method of a path. */
  *findAll(path: string, headers: IncomingHttpHeaders): Generator<[method: string, taker: T]> {
    for (const method of this.#trees.keys()) {
      const taker = this.find(method, path, headers);
      if (taker !== undefined) yield [method, taker];
    }
  }
}

function step<T>(at: Branch<T>, segment: string): Branch<T> {
  if (segment.startsWith(':')) {
    at.parameter ??= branch();
    return at.parameter;
  }
  at.named ??= new Map();
  const known = at.named.get(segment);
  if (known !== undefined) return known;
  const made = branch<T>();
  at.named.set(segment, made);
  return made;
}

/** As deep as the patterns go, however long the path is. */
function search<T>(at: Branch<T>, path: string, from: number, headers: IncomingHttpHeaders): T | undefined {
  if (at.named !== undefined || at.parameter !== undefined) {
    const end = path.indexOf('/', from);
    const named = at.named?.get(end < 0 ? path.slice(from) : path.slice(from, end));
    const found =
      (named && below(named, path, end, headers)) ??
      (at.parameter && below(at.parameter, path, end, headers));
    if (found !== undefined) return found;
  }
  return (at.restChoices && chosen(at.restChoices, headers)) ?? at.rest;
}

function below<T>(at: Branch<T>, path: string, end: number, headers: IncomingHttpHeaders): T | undefined {
  if (end >= 0) return search(at, path, end + 1, headers);
  return (at.endChoices && chosen(at.endChoices, headers)) ?? at.end;
}

function chosen<T>(choices: Choices<T>, headers: IncomingHttpHeaders): T | undefined {
  const name = hostName(headers.host ?? '');
  for (const { meets, taker } of choices) if (meets(name, headers)) return taker;
  return undefined;
}

/** The path as patterns are written; undefined if it can't be read. */
function decoded(path: string): string | undefined {
  try {
    return decodeURI(routedPath(path));
  } catch {
    return undefined;
  }
}
