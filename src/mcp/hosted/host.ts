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
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { LRUCache } from 'lru-cache';
import type { HostCaller, McpHost, McpServer } from '../server.ts';
import { AllServers } from './all-servers.ts';
import { Backlog } from './backlog.ts';
import { type Carried, carriedBy, carrying } from './carried.ts';
import { Changes } from './changes.ts';
import { frontOf, handleAll, NOBODY, type Told, toldBy } from './front.ts';
import type { HostOptions } from './host-options.ts';
import { HostedSessions } from './hosted-sessions.ts';
import { LinkPool } from './link-pool.ts';
import { PendingCalls } from './pending-calls.ts';
import { Requests } from './requests.ts';

/** What servers said of themselves, how long, and of how many. */
const TOLD_MS = 60_000;
const MOST_TOLD = 1000;

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
  readonly #servers: AllServers;
  readonly #sessions: HostedSessions;
  /** What servers said of themselves, so that not every request opens a connection to hear it. */
  readonly #told = new LRUCache<McpServer, Told>({ max: MOST_TOLD, ttl: TOLD_MS });

  constructor(options: HostOptions) {
    this.#options = options;
    this.#pending = new PendingCalls(options.ports.replica.id, options.sessionTtlMs);
    this.#requests = new Requests(options, this.#pool, this.#pending);
    this.#servers = new AllServers(options);
    this.#sessions = new HostedSessions(options, this.#servers, this.#requests);
    this.#modern = createMcpHandler((context) => this.#modernServer(context), { legacy: 'reject' });
    this.#changes = new Changes((event) => this.#modern.bus.publish(event), options.ports.log);
  }

  /** Answers one request. @param body as JSON; undefined: it has none @throws GatewayError: no server can be reached */
  async fetch(request: Request, body: unknown, caller: HostCaller): Promise<Response> {
    const backlog = new Backlog();
    return backlog.counted(await this.#answer(request, body, { caller, backlog }));
  }

  async #answer(request: Request, body: unknown, carried: Carried): Promise<Response> {
    const { caller } = carried;
    const parsed = body === undefined ? {} : { parsedBody: body };
    if (!(await isLegacyRequest(request, body))) {
      // Here and not where the package asks for a server: of a failure there it says nothing but 500.
      const told = await this.#whatThereIs(caller);
      const options = { authInfo: carrying({ ...carried, told }), ...parsed };
      return isListening(body)
        ? this.#listen(request, body, caller, options)
        : this.#modern.fetch(request, options);
    }
    const options = { authInfo: carrying(carried), ...parsed };
    const id = request.headers.get('mcp-session-id');
    const answer = id === null ? undefined : this.#sessions.serve(id, request, carried, options);
    if (answer) return answer;
    if (id !== null || !isInitializeRequest(body))
      return new Response(null, { status: id === null ? 400 : 404 });
    return this.#sessions.open(request, body, caller);
  }

  get isHolding(): boolean {
    return this.#sessions.size > 0 || this.#pending.size > 0;
  }

  async close(): Promise<void> {
    this.#pending.close();
    await this.#modern.close();
    await this.#changes.close();
    await this.#sessions.close();
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
    // One of them may have gone while the others were reached.
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    const answer = await this.#modern.fetch(new Request(request, { signal }), options);
    const end = new TransformStream({ flush: leave });
    return new Response(answer.body?.pipeThrough(end) ?? null, answer);
  }

  /** What there is does not hang on who asks: a connection without capabilities tells. */
  #whatThereIs({ principal }: HostCaller): Promise<Told[]> {
    const wanted = { principal, capabilities: {}, info: NOBODY };
    return this.#servers.each(async (server) => {
      const known = this.#told.get(server);
      if (known) return known;
      const said = await this.#pool.use(server, wanted, async (link) => toldBy(link));
      this.#told.set(server, said);
      return said;
    });
  }

  #modernServer({ authInfo }: McpRequestContext): Server {
    const { caller, told } = carriedBy(authInfo);
    const front = frontOf(this.#options.name, told ?? []);
    const handle = (method: string, params: unknown, context: ServerContext): Promise<Result> => {
      const envelope = (context.mcpReq.envelope ?? {}) as Record<string, unknown>;
      const capabilities = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}) as ClientCapabilities;
      const info = (envelope[CLIENT_INFO_META_KEY] ?? NOBODY) as Implementation;
      return this.#requests.ofModern(method, params, context, { ...caller, capabilities, info });
    };
    handleAll(front, handle);
    return front;
  }
}

const isListening = (
  body: unknown,
): body is { params: { notifications?: { resourceSubscriptions?: unknown } } } => {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: unknown };
  return method === 'subscriptions/listen' && typeof params === 'object' && params !== null;
};
