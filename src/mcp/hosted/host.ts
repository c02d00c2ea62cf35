import { randomUUID } from 'node:crypto';
import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  type McpHttpHandler,
  type McpRequestContext,
  type Result,
  Server,
  type ServerCapabilities,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { HostCaller, McpHost, McpServer } from '../server.ts';
import { Changes } from './changes.ts';
import type { HostOptions } from './host-options.ts';
import { Link } from './link.ts';
import { LinkPool } from './link-pool.ts';
import { PendingCalls } from './pending-calls.ts';
import { Requests } from './requests.ts';
import { listenToLists } from './server-watch.ts';
import { SlowServers } from './slow-servers.ts';

/** Sessions that one process keeps in its memory. */
const MOST_SESSIONS = 1000;
const TOLD_MS = 60_000;
const NOBODY: Implementation = { name: 'hypercare-gateway', version: '1.0.0' };
/** What may be asked of any server; each says which of it there is. */
const METHODS = {
  tools: ['tools/list', 'tools/call'],
  prompts: ['prompts/list', 'prompts/get'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  completions: ['completion/complete'],
} as const;
const SUBSCRIPTIONS = ['resources/subscribe', 'resources/unsubscribe'] as const;

/** What a server says of itself when it is connected. */
interface Told {
  readonly capabilities: ServerCapabilities;
  readonly info: Implementation | undefined;
  readonly instructions: string | undefined;
}

const toldBy = ({ client }: Link): Told => ({
  capabilities: client.getServerCapabilities() ?? {},
  info: client.getServerVersion(),
  instructions: client.getInstructions(),
});

interface HostedSession {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly links: Map<string, Link>;
  /** A connection to a server that has ended, or was not there when the session began. */
  reopen(server: McpServer): Promise<Link>;
  caller: HostCaller;
  timer: NodeJS.Timeout;
}

/**
 * Serves clients of both revisions what servers of either have, over HTTP or as programs: the package's server stands on
 * this side, its client on the other. Used where messages can't just be passed on: other revision, no HTTP, several servers.
 */
export class Host implements McpHost {
  readonly #options: HostOptions;
  readonly #modern: McpHttpHandler;
  readonly #changes: Changes;
  readonly #pool = new LinkPool();
  readonly #pending: PendingCalls;
  readonly #requests: Requests;
  readonly #sessions = new Map<string, HostedSession>();
  /** What servers said of themselves, so that not every request opens a connection to hear it. */
  readonly #told = new LRUCache<McpServer, Told>({ max: MOST_SESSIONS, ttl: TOLD_MS });
  readonly #slow: SlowServers;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#slow = new SlowServers(options.ports.clock.monotonic);
    this.#pending = new PendingCalls(options.ports.replica.id, options.sessionTtlMs);
    this.#requests = new Requests(options, this.#pool, this.#pending);
    this.#modern = createMcpHandler((context) => this.#modernServer(context), { legacy: 'reject' });
    this.#changes = new Changes((event) => this.#modern.bus.publish(event), options.ports.log);
  }

  /** Answers one request. @param body as JSON; undefined: it has none */
  async fetch(request: Request, body: unknown, caller: HostCaller): Promise<Response> {
    const authInfo = { token: '', clientId: caller.principal, scopes: [], extra: { caller } };
    const parsed = body === undefined ? {} : { parsedBody: body };
    if (!(await isLegacyRequest(request, body))) {
      const options = { authInfo, ...parsed };
      return isListening(body)
        ? this.#listen(request, body, caller, options)
        : this.#modern.fetch(request, options);
    }
    const id = request.headers.get('mcp-session-id');
    const session = id === null ? undefined : this.#sessions.get(id);
    if (session) {
      session.caller = caller;
      session.timer.refresh();
      return session.transport.handleRequest(request, { authInfo, ...parsed });
    }
    if (id !== null || !isInitializeRequest(body))
      return new Response(null, { status: id === null ? 400 : 404 });
    return this.#openSession(request, body, caller);
  }

  /** After so long without a request a session is over: one that is but a program, as programs are. */
  get #restMs(): number {
    const { servers, sessionTtlMs } = this.#options;
    if (servers.some(({ upstream }) => upstream !== undefined)) return sessionTtlMs;
    return Math.min(sessionTtlMs, ...servers.map(({ config }) => config.process.idle));
  }

  get isHolding(): boolean {
    return this.#sessions.size > 0 || this.#pending.size > 0;
  }

  async close(): Promise<void> {
    this.#pending.close();
    await this.#modern.close();
    await this.#changes.close();
    await Promise.all([...this.#sessions.keys()].map((id) => this.#endSession(id)));
    await this.#pool.close();
  }

  /** The package's server passes on what has changed; that it hears of it is seen to here. */
  async #listen(
    request: Request,
    { params }: { params: { notifications?: { resourceSubscriptions?: unknown } } },
    caller: HostCaller,
    options: object,
  ): Promise<Response> {
    const wanted = await this.#requests.watched(params.notifications?.resourceSubscriptions, caller);
    const gone = new AbortController();
    const leave = await this.#changes.listen(wanted, () => gone.abort());
    const signal = AbortSignal.any([request.signal, gone.signal]);
    signal.addEventListener('abort', leave, { once: true });
    const answer = await this.#modern.fetch(new Request(request, { signal }), options);
    const end = new TransformStream({ flush: leave });
    return new Response(answer.body?.pipeThrough(end) ?? null, answer);
  }

  async #modernServer({ authInfo }: McpRequestContext): Promise<Server> {
    const caller = callerOf(authInfo);
    // What there is does not hang on who asks: a connection without capabilities tells.
    const wanted = { principal: caller.principal, capabilities: {}, info: NOBODY };
    const told = await this.#ofAll(async (server) => {
      const known = this.#told.get(server);
      if (known) return known;
      const link = await this.#pool.take(server, wanted);
      const said = toldBy(link);
      this.#told.set(server, said);
      this.#pool.give(link, wanted);
      return said;
    });
    const server = this.#serverOf(told);
    const handle = (method: string, params: unknown, context: ServerContext): Promise<Result> => {
      const envelope = (context.mcpReq.envelope ?? {}) as Record<string, unknown>;
      const capabilities = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}) as ClientCapabilities;
      const info = (envelope[CLIENT_INFO_META_KEY] ?? NOBODY) as Implementation;
      return this.#requests.ofModern(method, params, context, { ...caller, capabilities, info });
    };
    this.#handle(server, handle);
    return server;
  }

  async #openSession(
    request: Request,
    body: { params: { capabilities: ClientCapabilities; clientInfo: Implementation } },
    caller: HostCaller,
  ): Promise<Response> {
    if (this.#sessions.size >= MOST_SESSIONS)
      throw new GatewayError('overloaded', { headers: { 'retry-after': '5' } });
    const { capabilities, clientInfo } = body.params;
    const links = await this.#ofAll((server) =>
      Link.open(server, { capabilities, info: clientInfo, asks: true }),
    );
    const server = this.#serverOf(links.map(toldBy));
    const byName = new Map(links.map((link) => [link.server.name, link]));
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
      onsessionclosed: (id) => this.#endSession(id),
    });
    const end = (): void => void (transport.sessionId !== undefined && this.#endSession(transport.sessionId));
    const timer = setTimeout(end, this.#restMs).unref();
    const active = new Set<ServerContext>();
    const heed = (link: Link): void =>
      this.#requests.listen(link, server, active, () => {
        // Of several servers the others go on, and this one is opened again when it is next needed.
        if (this.#options.name !== '') end();
        else if (byName.get(link.server.name) === link) byName.delete(link.server.name);
      });
    const opening = new Map<string, Promise<Link>>();
    const reopen = (to: McpServer): Promise<Link> => {
      const running = opening.get(to.name);
      if (running) return running;
      const opened = this.#slow
        .watch(to, () => Link.open(to, { capabilities, info: clientInfo, asks: true }))
        .then((link) => {
          // Over meanwhile: it is nobody's.
          if (!this.#sessions.has(transport.sessionId ?? '')) void link.close();
          byName.set(to.name, link);
          heed(link);
          return link;
        })
        .finally(() => opening.delete(to.name));
      opening.set(to.name, opened);
      return opened;
    };
    const session: HostedSession = { transport, links: byName, reopen, caller, timer };
    for (const link of links) heed(link);
    this.#handle(server, (method, params, context) =>
      this.#requests.ofSession(method, params, context, session, active),
    );
    if (server.getCapabilities().logging)
      server.setRequestHandler('logging/setLevel', ({ params }) =>
        this.#requests.setLevel(params.level, session),
      );
    // That it can't be heard there costs a client news of lists, and no more.
    for (const link of links)
      if (link.isModern)
        listenToLists(link, () => undefined).catch((error: unknown) =>
          this.#options.ports.log.warn(
            { err: error, server: link.server.name },
            'changes at an MCP server can’t be heard',
          ),
        );
    await server.connect(transport);
    try {
      return await transport.handleRequest(request, { parsedBody: body });
    } finally {
      // It was refused (for what it accepts, for its form): no session has begun, and nobody would ever end its programs.
      if (transport.sessionId === undefined) {
        clearTimeout(timer);
        await transport.close();
        await Promise.all([...byName.values()].map((link) => link.close()));
      }
    }
  }

  async #endSession(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sessions.delete(id);
    clearTimeout(session.timer);
    await session.transport.close();
    await Promise.all([...session.links.values()].map((link) => link.close()));
  }

  /** Something of all servers; of several of those that answer. One that has just not is left out for a while. */
  async #ofAll<T>(open: (server: McpServer) => Promise<T>): Promise<T[]> {
    const { servers, ports } = this.#options;
    const opened = await Promise.allSettled(
      this.#slow.without(servers).map((server) => this.#slow.watch(server, () => open(server))),
    );
    const links = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = opened.find((each) => each.status === 'rejected');
    if (links.length === 0 && failed) throw failed.reason;
    if (failed) ports.log.warn({ err: failed.reason }, 'an MCP server is left out: it does not answer');
    return links;
  }

  #serverOf(told: readonly Told[]): Server {
    const { name } = this.#options;
    const all = told.map(({ capabilities }) => capabilities);
    const capabilities: ServerCapabilities = {
      ...(all.some(({ tools }) => tools) && {
        tools: { listChanged: all.some(({ tools }) => tools?.listChanged) },
      }),
      ...(all.some(({ prompts }) => prompts) && {
        prompts: { listChanged: all.some(({ prompts }) => prompts?.listChanged) },
      }),
      ...(all.some(({ resources }) => resources) && {
        resources: {
          listChanged: all.some(({ resources }) => resources?.listChanged),
          subscribe: all.some(({ resources }) => resources?.subscribe),
        },
      }),
      ...(all.some(({ completions }) => completions) && { completions: {} }),
      ...(all.some(({ logging }) => logging) && { logging: {} }),
    };
    const first = name === '' ? undefined : told[0];
    const info = first?.info ?? NOBODY;
    const instructions = first?.instructions;
    return new Server(info, { capabilities, ...(instructions !== undefined && { instructions }) });
  }

  #handle(
    server: Server,
    handle: (method: string, params: unknown, context: ServerContext) => Promise<Result>,
  ): void {
    const there = server.getCapabilities();
    const methods = (Object.keys(METHODS) as (keyof typeof METHODS)[]).flatMap((key) =>
      there[key] === undefined ? [] : [...METHODS[key]],
    );
    for (const method of [...methods, ...(there.resources?.subscribe ? SUBSCRIPTIONS : [])])
      server.setRequestHandler(method, ((request: { params?: unknown }, context: ServerContext) =>
        handle(method, request.params, context)) as never);
  }
}

const isListening = (
  body: unknown,
): body is { params: { notifications?: { resourceSubscriptions?: unknown } } } => {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: unknown };
  return method === 'subscriptions/listen' && typeof params === 'object' && params !== null;
};

/** The caller goes with a request as what the package calls its authentication. */
function callerOf(authInfo: { extra?: Record<string, unknown> } | undefined): HostCaller {
  return authInfo?.extra?.caller as HostCaller;
}
