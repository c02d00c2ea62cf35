import { randomUUID } from 'node:crypto';
import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import {
  type Server,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { HostCaller, McpServer } from '../server.ts';
import type { AllServers } from './all-servers.ts';
import { Backlog } from './backlog.ts';
import type { Carried } from './carried.ts';
import { frontOf, handleAll, toldBy } from './front.ts';
import type { HostOptions } from './host-options.ts';
import { Link } from './link.ts';
import { Renewals } from './renewals.ts';
import type { Requests } from './requests.ts';
import { listenToLists } from './server-watch.ts';
import { SessionForgotten } from './session-forgotten.ts';
import { type Holding, Shares } from './shares.ts';
import { Wishes } from './wishes.ts';

/** Sessions that one process keeps in its memory for one host. */
const MOST_SESSIONS = 1000;

interface HostedSession extends Holding {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly links: Map<string, Link>;
  readonly wishes: Wishes;
  /** A connection to a server that has ended, or was not there when the session began. */
  reopen(server: McpServer): Promise<Link>;
  readonly timer: NodeJS.Timeout;
  /** Of the stream beside all calls. */
  backlog: Backlog;
  /** Requests that run. */
  readonly active: Set<ServerContext>;
  /** Lets go of its shares: of the sessions, and of the programs of its servers. */
  readonly gives: Map<string, () => void>;
  readonly renewals: Renewals;
}

/** `initialize`, as far as a session is made of it. */
interface Opening {
  readonly params: { readonly capabilities: ClientCapabilities; readonly clientInfo: Implementation };
}

/** Sessions of clients of 2025-11-25 that a host keeps: each has connections of its own to the servers. */
export class HostedSessions {
  readonly #options: HostOptions;
  readonly #servers: AllServers;
  readonly #requests: Requests;
  readonly #sessions = new Map<string, HostedSession>();
  readonly #shares = new Shares();
  /** Sessions whose servers are being reached: they have a place already. */
  #opening = 0;

  constructor(options: HostOptions, servers: AllServers, requests: Requests) {
    this.#options = options;
    this.#servers = servers;
    this.#requests = requests;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Answers a request in its session; undefined: there is none. */
  serve(id: string, request: Request, { backlog }: Carried, options: object): Promise<Response> | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    if (request.method === 'GET') session.backlog = backlog;
    session.timer.refresh();
    this.#shares.use(session);
    for (const { server } of session.links.values()) server.programs.shares.use(session);
    return session.transport.handleRequest(request, options);
  }

  /** Answers `initialize`. @throws GatewayError */
  async open(request: Request, body: Opening, caller: HostCaller): Promise<Response> {
    const { principal } = caller;
    const isFull = this.#sessions.size + this.#opening >= MOST_SESSIONS;
    if (isFull && !(await this.#shares.makeRoom(principal)))
      throw new GatewayError('overloaded', { headers: { 'retry-after': '5' } });
    this.#opening++;
    try {
      return await this.#opened(request, body, caller);
    } finally {
      this.#opening--;
    }
  }

  async #opened(request: Request, body: Opening, caller: HostCaller): Promise<Response> {
    const { principal } = caller;
    const { capabilities, clientInfo: info } = body.params;
    const connect = (server: McpServer): Promise<Link> =>
      Link.open(server, { principal, capabilities, info, asks: true });
    const links = await this.#servers.each(connect);
    const front = frontOf(this.#options.name, links.map(toldBy));
    const session = this.#made(front, links, caller, connect);
    if (front.getCapabilities().logging)
      front.setRequestHandler('logging/setLevel', async ({ params }) => {
        await session.wishes.setLevel(params.level, session.links.values());
        return {};
      });
    front.setNotificationHandler('notifications/roots/list_changed', () =>
      this.#requests.tellRootsChanged(session),
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
    const { transport } = session;
    try {
      await front.connect(transport);
      return await transport.handleRequest(request, { parsedBody: body });
    } finally {
      // It was refused (for what it accepts, for its form): no session has begun, and nobody would ever end its programs.
      if (transport.sessionId === undefined) await letGo(session);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((id) => this.#end(id)));
  }

  /** After so long without a request a session is over: one that is but a program, as programs are. */
  get #restMs(): number {
    const { servers, sessionTtlMs } = this.#options;
    if (servers.some(({ upstream }) => upstream !== undefined)) return sessionTtlMs;
    return Math.min(sessionTtlMs, ...servers.map(({ config }) => config.process.idle));
  }

  #made(
    front: Server,
    links: readonly Link[],
    caller: HostCaller,
    connect: (server: McpServer) => Promise<Link>,
  ): HostedSession {
    const byName = new Map<string, Link>();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        this.#sessions.set(id, session);
        gives.set('', this.#shares.hold(session));
      },
      onsessionclosed: (id) => this.#end(id),
    });
    const end = async (): Promise<void> => {
      if (transport.sessionId !== undefined) await this.#end(transport.sessionId);
    };
    const active = new Set<ServerContext>();
    const gives = new Map<string, () => void>();
    const heed = (link: Link): void => {
      const { server } = link;
      byName.set(server.name, link);
      gives.get(server.name)?.();
      gives.set(server.name, server.programs.shares.hold(session));
      this.#requests.listen(
        link,
        front,
        () => session,
        () => {
          // Of several servers the others go on, and this one is opened again when it is next needed; as one that has forgotten it.
          if (this.#options.name !== '' && !link.isForgotten) void end();
          else if (byName.get(server.name) === link) {
            byName.delete(server.name);
            gives.get(server.name)?.();
            if (link.isForgotten) renewals.begin(server);
          }
        },
      );
    };
    const { log, clock } = this.#options.ports;
    const wishes = new Wishes();
    const repeat = (link: Link): Promise<void> =>
      wishes
        .repeat(link)
        .catch((error: unknown) =>
          log.warn(
            { err: error, server: link.server.name },
            'what a session wants to hear of an MCP server could not be said to it again',
          ),
        );
    const opening = new Map<string, Promise<Link>>();
    const reopen = (to: McpServer): Promise<Link> => {
      const running = opening.get(to.name);
      if (running) return running;
      const opened = this.#servers
        .watch(to, () => connect(to))
        .then(async (link) => {
          await repeat(link);
          if (!this.#sessions.has(transport.sessionId ?? '')) {
            // Over meanwhile: it is nobody's, and what it held would never be given back.
            await link.close();
            throw new GatewayError('mcp_session_unknown');
          }
          // As forgotten as the one before: nothing that is asked on it would ever be answered.
          if (!link.isOpen) throw new SessionForgotten();
          heed(link);
          return link;
        })
        .finally(() => opening.delete(to.name));
      opening.set(to.name, opened);
      return opened;
    };
    const renewals = new Renewals({
      now: clock.monotonic,
      open: reopen,
      isThere: ({ name }) => byName.has(name),
      onFailed: ({ name }, error) =>
        log.debug({ err: error, server: name }, 'a session could not be opened again at an MCP server'),
    });
    const session: HostedSession = {
      principal: caller.principal,
      transport,
      links: byName,
      wishes,
      reopen,
      timer: setTimeout(() => void end(), this.#restMs).unref(),
      backlog: new Backlog(),
      active,
      gives,
      renewals,
      // One that is being opened can't be ended yet.
      isBusy: () => active.size > 0 || transport.sessionId === undefined,
      end,
    };
    for (const link of links) heed(link);
    handleAll(front, (method, params, context) =>
      this.#requests.ofSession(method, params, context, session, active),
    );
    return session;
  }

  async #end(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sessions.delete(id);
    await letGo(session);
  }
}

async function letGo({ timer, gives, transport, links, renewals }: HostedSession): Promise<void> {
  clearTimeout(timer);
  renewals.close();
  for (const give of gives.values()) give();
  await transport.close();
  await Promise.all([...links.values()].map((link) => link.close()));
}
