/** Who calls whom, as the admin API says it, and as it is drawn. */

interface End {
  readonly dimension: string;
  readonly value: string;
}

/** Latencies are milliseconds, of the receiving end; null: no request. */
export interface Edge {
  readonly from: End;
  readonly to: End;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface Upstream {
  readonly name: string;
  readonly breaker: { readonly state: string };
  readonly targets: readonly { readonly url: string; readonly state: string }[];
}

/** Somebody who is called: a route, an upstream, a model, a provider or a target. */
export interface Node {
  readonly key: string;
  readonly dimension: string;
  readonly value: string;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p95: number | null;
  /** Of its breaker, or its own; '' = as it should be, or not known. */
  readonly state: string;
  readonly isBad: boolean;
  /** From the left, and from the top; both from 0. */
  readonly column: number;
  readonly row: number;
}

export interface Line {
  readonly from: Node;
  readonly to: Node;
  readonly edge: Edge;
}

export interface TrafficMap {
  readonly nodes: readonly Node[];
  readonly lines: readonly Line[];
  /** Nodes that are left out: neither busy nor bad. */
  readonly hidden: number;
}

/** An error rate from which on something is shown as bad. */
export const BAD_RATE = 0.01;

export const keyOf = ({ dimension, value }: End): string => `${dimension} ${value}`;

/**
 * Places everybody: routes to the left of what they call. Beside the busiest of each column stand those that are bad.
 * @param most nodes of a column, if none is bad
 */
export function mapOf(edges: readonly Edge[], upstreams: readonly Upstream[], most: number): TrafficMap {
  const states = statesOf(upstreams);
  const found = new Map<string, Edge[]>();
  for (const edge of edges) found.set(keyOf(edge.to), [...(found.get(keyOf(edge.to)) ?? []), edge]);
  const all = [...found].map(([key, into]) => nodeOf(key, into, states.get(key) ?? ''));
  const nodes = new Map<string, Node>();
  for (const column of [0, 1, 2, 3]) {
    const callers = (node: Node): number[] =>
      (found.get(node.key) ?? []).flatMap(({ from }) => nodes.get(keyOf(from))?.row ?? []);
    // Near those who call them, so that few lines cross; of a column without callers the busiest first.
    const height = (node: Node): number => {
      const rows = callers(node);
      return rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + row, 0) / rows.length;
    };
    const shown = all
      .filter((node) => node.column === column)
      .sort((a, b) => b.requestsPerSecond - a.requestsPerSecond)
      .filter((node, at) => at < most || node.isBad)
      .sort((a, b) => height(a) - height(b));
    let free = 0;
    for (const node of shown) {
      const row = Math.max(free, Math.round(height(node)));
      nodes.set(node.key, { ...node, row });
      free = row + 1;
    }
  }
  const lines = edges.flatMap((edge) => {
    const [from, to] = [nodes.get(keyOf(edge.from)), nodes.get(keyOf(edge.to))];
    return from && to ? [{ from, to, edge }] : [];
  });
  return { nodes: [...nodes.values()], lines, hidden: all.length - nodes.size };
}

function nodeOf(key: string, into: readonly Edge[], state: string): Node {
  const [{ from, to, p95 }] = into as [Edge];
  const requestsPerSecond = into.reduce((sum, edge) => sum + edge.requestsPerSecond, 0);
  const errors = into.reduce((sum, edge) => sum + edge.errorRate * edge.requestsPerSecond, 0);
  const errorRate = requestsPerSecond === 0 ? 0 : errors / requestsPerSecond;
  const isBad = errorRate >= BAD_RATE || state !== '';
  const column = columnOf(to.dimension, from.dimension);
  return { key, ...to, requestsPerSecond, errorRate, p95, state, isBad, column, row: 0 };
}

function columnOf(dimension: string, caller: string): number {
  if (dimension === 'route') return 0;
  if (dimension === 'target') return caller === 'provider' ? 3 : 2;
  return dimension === 'provider' ? 2 : 1;
}

/** What is not as it should be: breakers that are not closed, targets that are not healthy. */
function statesOf(upstreams: readonly Upstream[]): Map<string, string> {
  const states = new Map<string, string>();
  for (const { name, breaker, targets } of upstreams) {
    if (breaker.state !== 'closed') states.set(keyOf({ dimension: 'upstream', value: name }), breaker.state);
    for (const { url, state } of targets)
      if (state !== 'healthy') states.set(keyOf({ dimension: 'target', value: url }), state);
  }
  return states;
}
