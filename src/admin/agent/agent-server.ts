import { randomBytes, randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { sendWebResponse, toWebRequest } from '../../lib/web-http.ts';
import type { Operator } from '../operators.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { registerActions } from './agent-actions.ts';
import { registerResources } from './agent-resources.ts';
import { type AskApi, registerReading } from './agent-tools.ts';
import { type Confirmations, confirmations, confirmedBy } from './confirmation.ts';
import { registerFindingActions } from './finding-actions.ts';

/** Sessions of agents of 2025-11-25. */
const MOST_SESSIONS = 100;
const SESSION_MS = 3_600_000;

interface Asking {
  readonly operator: Operator;
  readonly from: string;
}

interface AgentSession {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Of its last request: rights that were taken away meanwhile are gone for the session, too. */
  asking: Asking;
}

/** Who answers agents. */
export interface Agent {
  answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
  /** Ends their sessions. */
  close(): Promise<void>;
}

/**
 * The gateway as an MCP server, so that an agent can be on call with it. Every tool is an endpoint of the admin API, asked
 * with the rights of who holds the token and in the audit log under their name.
 */
export function openAgent(app: AdminApp, ports: AdminPorts): Agent {
  const codec = confirmations(randomBytes(32));
  const serverFor = (asking: () => Asking): McpServer => agentServer(app, ports, codec, asking);
  const modern = createMcpHandler(({ authInfo }) => serverFor(() => authInfo?.extra?.asking as Asking), {
    legacy: 'reject',
  });
  const sessions = new LRUCache<string, AgentSession>({
    max: MOST_SESSIONS,
    ttl: SESSION_MS,
    updateAgeOnGet: true,
    dispose: ({ transport }) => void transport.close(),
  });

  async function respond(request: FastifyRequest, gone: AbortSignal): Promise<Response> {
    const asking = { operator: request.operator as Operator, from: request.socket.remoteAddress ?? '' };
    const { name } = asking.operator;
    const authInfo = { token: '', clientId: name, scopes: [], extra: { asking } };
    const bytes = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const web = toWebRequest(request.raw, bytes, gone);
    const options = { authInfo, ...(request.body !== undefined && { parsedBody: request.body }) };
    if (!(await isLegacyRequest(web, request.body))) return modern.fetch(web, options);
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (known?.asking.operator.name === name) {
      known.asking = asking;
      return known.transport.handleRequest(web, options);
    }
    if (id !== undefined || !isInitializeRequest(request.body))
      return new Response(null, { status: id === undefined ? 400 : 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (made) => void sessions.set(made, session),
      onsessionclosed: (over) => void sessions.delete(over),
    });
    const session: AgentSession = { transport, asking };
    await serverFor(() => session.asking).connect(transport);
    return transport.handleRequest(web, options);
  }

  return {
    async answer(request, reply) {
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const found = await respond(request, gone.signal);
      reply.hijack();
      for (const [header, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined && !found.headers.has(header)) reply.raw.setHeader(header, value);
      await sendWebResponse(found, reply.raw).catch((error: unknown) =>
        ports.log.debug({ err: error }, 'an agent has left in the middle of an answer'),
      );
      return reply;
    },
    async close() {
      sessions.clear();
      await modern.close();
    },
  };
}

function agentServer(
  app: AdminApp,
  ports: AdminPorts,
  codec: Confirmations,
  asking: () => Asking,
): McpServer {
  const server = new McpServer(
    { name: 'hypercare-gateway', version: ports.version },
    {
      capabilities: { tools: {}, resources: {} },
      instructions:
        'The gateway that carries this service’s traffic. Begin with get_status, list_findings and list_changes; preview a change before you apply it.',
      requestState: { verify: codec.verify },
    },
  );
  const ask: AskApi = (method, url, rest = {}) => ports.inner.send(app, asking(), { method, url, ...rest });
  const has = (url: string): boolean => app.hasRoute({ method: 'GET', url });
  registerReading(server, ask, has, ports);
  const confirmed = confirmedBy(codec);
  registerActions(server, ask, confirmed);
  registerFindingActions(server, ask, confirmed);
  registerResources(server, ask, has);
  return server;
}
