import type { Exchange, McpFacts } from '../../contracts/exchange.ts';

/** Tools that are told apart. Where anything may be called their names are a client's: they must not crowd out routes. */
const MOST_TOOLS = 500;

type Placed = Pick<Exchange, 'route' | 'mcp'>;

/** Where a request went, as signals have it: the route; of a tool of an MCP server `mcp/SERVER/TOOL`, each its own. */
export const placeOfRequest = ({ route, mcp }: Placed): string =>
  mcp === null || mcp.tool === '' ? route : `mcp/${mcp.server}/${mcp.tool}`;

/** Whether a tool came to nothing in an answer that is a success of HTTP: its result or an error of JSON-RPC says so. */
export const isFailedCall = ({ tool, outcome }: Pick<McpFacts, 'tool' | 'outcome'>): boolean =>
  outcome === 'tool_error' || (outcome === 'rpc_error' && tool !== '');

/** The same, with no more tools than can be told apart. */
export class Places {
  readonly #tools = new Set<string>();

  of(exchange: Placed): string {
    if (exchange.mcp === null) return exchange.route;
    const place = placeOfRequest(exchange);
    if (place === exchange.route || this.#tools.has(place)) return place;
    if (this.#tools.size >= MOST_TOOLS) return exchange.route;
    this.#tools.add(place);
    return place;
  }
}
