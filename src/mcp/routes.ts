import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { McpConfig } from '../config/schema/index.ts';
import { StoreUnavailable } from '../contracts/store.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { ERRORS, type ErrorCode } from '../errors/table.ts';
import { exchangeOf, type LiveExchange } from '../record/exchange.ts';
import { checkAudience } from './access/audience.ts';
import { Origins } from './access/origins.ts';
import type { CallPolicies, McpCall } from './call.ts';
import { type Inbound, MessageRefused, readMessage } from './inbound.ts';
import { methodForRecord } from './method-names.ts';
import { openServers } from './open-servers.ts';
import type { McpPorts } from './ports.ts';
import { relayClose, relayListen } from './relay/listen.ts';
import { relayMessage } from './relay/relay.ts';
import { sendOwn, sendRpcError } from './rpc.ts';
import type { McpServer } from './server.ts';

export interface McpRoutesOptions {
  readonly config: McpConfig;
  readonly policies: CallPolicies;
  readonly ports: McpPorts;
  /** Address of the public listener, host:port. */
  readonly listen: string;
}

/** The endpoints of MCP servers of a generation. */
export interface McpRoutes {
  /** The generation serves: from now on it decides about what outlives it. */
  serve(): void;
  /** Lets go of what was opened. */
  dispose(): Promise<void>;
}

const METHODS = ['GET', 'POST', 'DELETE'];

/** Registers `PREFIX/{server}`, and `PREFIX` for all servers together. */
export function registerMcpRoutes(scope: FastifyInstance, routes: McpRoutesOptions): McpRoutes {
  const { config, ports } = routes;
  const servers = openServers(config, ports);
  const origins = new Origins(config, routes.listen);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  scope.route<{ Params: { server: string } }>({
    method: METHODS,
    url: `${config.prefix}/:server`,
    async handler(request, reply) {
      const server = servers.byName.get(request.params.server);
      await serve(request, reply, routes, origins, server);
      return reply;
    },
  });
  scope.route({
    method: METHODS,
    url: config.prefix,
    async handler(request, reply) {
      await serve(request, reply, routes, origins, servers.all);
      return reply;
    },
  });
  // Ours as well, and no wider route's: a page asks here what it may send, which policies answer before this is.
  for (const url of [`${config.prefix}/:server`, config.prefix]) {
    scope.options(url, () => {
      throw new GatewayError('method_not_allowed', { headers: { allow: METHODS.join(', ') } });
    });
  }
  return {
    serve() {
      // Also those that another generation has as they are here: one between them may have had others.
      for (const { upstream } of servers.byName.values()) upstream?.serve();
    },
    dispose: () => servers.close(),
  };
}

async function serve(
  request: FastifyRequest,
  reply: FastifyReply,
  { config, policies, ports }: McpRoutesOptions,
  origins: Origins,
  server: McpServer | undefined,
): Promise<void> {
  const exchange = exchangeOf(request.raw);
  const principal = exchange.consumer === '' ? 'anonymous' : `consumer ${exchange.consumer}`;
  const call: McpCall = { exchange, reply, policies, config, ports, principal };
  const facts = {
    method: '',
    server: server?.name ?? '',
    tool: '',
    session: '',
    revision: '',
    outcome: '',
    isWaiting: false,
    breach: '',
    fault: '',
  } as const;
  exchange.mcp = { ...facts };
  exchange.atEnd(() => endFacts(exchange));
  let inbound: Inbound | undefined;
  try {
    origins.check(request.headers);
    checkAudience(exchange, config);
    if (!server?.access.knows(exchange)) throw new GatewayError('mcp_server_unknown');
    if (request.method === 'GET') return await relayListen(server, call);
    if (request.method === 'DELETE') return await relayClose(server, call);
    inbound = readMessage(request);
    exchange.mcp = { ...facts, method: methodForRecord(inbound), revision: inbound.revision };
    await relayMessage(server, { ...call, inbound });
  } catch (error) {
    if (error instanceof MessageRefused) refuse(error, call);
    else sendRpcError(asGatewayError(error), inbound?.id ?? null, call);
  }
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof StoreUnavailable)
    return new GatewayError('store_unavailable', { cause: error, headers: { 'retry-after': '1' } });
  throw error;
}

function refuse({ status, body }: MessageRefused, call: McpCall): void {
  call.exchange.fail('mcp_message_invalid');
  sendOwn(call, status, JSON.stringify(body));
}

/** What nobody has named by the end follows from how the request ended. */
function endFacts(exchange: LiveExchange): void {
  const { mcp, reason, status } = exchange;
  if (mcp === null) return;
  if (mcp.breach !== '') exchange.breaches = [{ direction: 'response', what: 'schema', at: mcp.breach }];
  if (mcp.outcome !== '') return;
  if (reason === 'client_cancelled') mcp.outcome = 'client_cancelled';
  else if (reason === 'ok') mcp.outcome = 'ok';
  // HTTP may say that all is well where the protocol wants it so.
  else
    mcp.outcome =
      (Object.hasOwn(ERRORS, reason) ? ERRORS[reason as ErrorCode].status : status) < 500
        ? 'refused'
        : 'failed';
}
