import type { Exchange } from '../../contracts/exchange.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Params } from '../inbound.ts';
import type { McpServer } from '../server.ts';
import type { Asker, Kind } from './access.ts';

/** Methods that concern nothing in particular: whoever may use anything of a server may send them. */
const GENERAL: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a request is about, where it is about one thing. */
export function subjectOf(method: string, params: Params): { kind: Kind; name: string } | undefined {
  switch (method) {
    case 'tools/call':
      return { kind: 'tools', name: text(params.name) };
    case 'prompts/get':
      return { kind: 'prompts', name: text(params.name) };
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { kind: 'resources', name: text(params.uri) };
    case 'completion/complete': {
      const ref = (params.ref ?? {}) as { type?: unknown; name?: unknown; uri?: unknown };
      return ref.type === 'ref/resource'
        ? { kind: 'resources', name: text(ref.uri) }
        : { kind: 'prompts', name: text(ref.name) };
    }
    default:
      return undefined;
  }
}

export interface Asked {
  readonly server: McpServer;
  readonly exchange: Asker & Pick<Exchange, 'mcp'>;
  readonly principal: string;
  readonly method: string;
  /** With names as the server has them. */
  readonly params: Params;
  /** Whether it goes on with a call that was counted already: it is one, in however many rounds. */
  readonly continues: boolean;
}

/**
 * Decides whether a request may go to its server, and counts it in.
 * @throws GatewayError
 */
export async function admitRequest(asked: Asked): Promise<void> {
  const { server, exchange, method, params, principal } = asked;
  const subject = subjectOf(method, params);
  if (subject === undefined) {
    admitGeneral(asked);
    return;
  }
  // Of all servers together: whose it is, and whether they may, is found out where the table of names is.
  if (server.name === '') return;
  if (exchange.mcp) exchange.mcp.server = server.name;
  const { kind, name } = subject;
  if (!server.access.allows(exchange, kind, name))
    throw new GatewayError('mcp_not_allowed', {
      cause: new Error(`${method} is not allowed to ${principal}`),
    });
  if (kind !== 'tools') return;
  if (exchange.mcp) exchange.mcp.tool = name;
  if (await server.tools.isOutOfUse(name)) throw new GatewayError('mcp_tool_quarantined');
  if (!asked.continues) await server.limits.take(name, principal);
}

function admitGeneral({ server, exchange, method, params }: Asked): void {
  if (GENERAL.has(method)) return;
  if (method === 'subscriptions/listen') {
    const filter = (params.notifications ?? {}) as { resourceSubscriptions?: unknown };
    const uris = Array.isArray(filter.resourceSubscriptions) ? filter.resourceSubscriptions : [];
    if (uris.every((uri) => server.access.allows(exchange, 'resources', text(uri)))) return;
    throw new GatewayError('mcp_not_allowed');
  }
  // An extension, or nothing at all: the server knows. It may do anything, so that only who may do all may ask for it.
  if (server.access.allowsAll(exchange, 'tools')) return;
  throw new GatewayError('route_not_found', { detail: 'No method of this name is open to you.' });
}
