import type { Client } from '@modelcontextprotocol/client';
import {
  LOG_LEVEL_META_KEY,
  type Notification,
  ProtocolError,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import { admitRequest, subjectOf } from '../access/admit.ts';
import type { Params } from '../inbound.ts';
import type { HostCaller, McpServer } from '../server.ts';
import { Catalog, isList, type ListMethod } from './catalog.ts';
import { noted } from './faults.ts';
import type { HostOptions } from './host-options.ts';
import { type Link, type LinkFor, PATIENCE_MS } from './link.ts';
import type { LinkPool } from './link-pool.ts';
import { PendingCall, type PendingCalls, replicaOfState } from './pending-calls.ts';
import { send } from './send.ts';
import { subscribeAs2026 } from './subscribe.ts';

type Caller = HostCaller & LinkFor;
interface Session {
  readonly links: ReadonlyMap<string, Link>;
  reopen(server: McpServer): Promise<Link>;
  readonly caller: HostCaller;
}

/** To which server a request goes, with names as the server has them. */
interface Placed {
  readonly server: McpServer;
  readonly params: Params;
}

/** Resources that one client may name at once. */
const MOST_WATCHED = 100;
const GATEWAY = { name: 'hypercare-gateway', version: '1.0.0' };

/** In whose lists a name stands. */
const LIST_OF = { tools: 'tools/list', prompts: 'prompts/list', resources: 'resources/list' } as const;

/** What a host does with the requests of its clients: to which server each goes, and on which connection. */
export class Requests {
  readonly #options: HostOptions;
  readonly #pool: LinkPool;
  readonly #pending: PendingCalls;
  /** Absent: there is but one server, and names are its own. */
  readonly #catalog: Catalog | undefined;

  constructor(options: HostOptions, pool: LinkPool, pending: PendingCalls) {
    this.#options = options;
    this.#pool = pool;
    this.#pending = pending;
    this.#catalog = options.name === '' ? new Catalog(options.servers, options.ports) : undefined;
  }

  /** A request of 2026-07-28, on a connection that is its own while it runs. */
  ofModern(method: string, params: unknown, context: ServerContext, caller: Caller): Promise<Result> {
    return noted(caller, this.#how(context), () => this.#ofModern(method, params, context, caller));
  }

  /** A request of 2025-11-25, on its session's connections. */
  ofSession(
    method: string,
    params: unknown,
    context: ServerContext,
    session: Session,
    active: Set<ServerContext>,
  ): Promise<Result> {
    return noted(session.caller, this.#how(context), () =>
      this.#ofSession(method, params, context, session, active),
    );
  }

  #how({ mcpReq: { signal } }: ServerContext) {
    return { signal, log: this.#options.ports.log };
  }

  async #ofModern(method: string, params: unknown, context: ServerContext, caller: Caller): Promise<Result> {
    const withClient = this.#pooled(caller);
    const placed = await this.#place(method, (params ?? {}) as Params, caller, withClient);
    if ('result' in placed) return placed.result;
    const state = context.mcpReq.requestState();
    const known = typeof state === 'string' ? this.#pending.take(state, caller.principal) : undefined;
    // Another's, or given up: to begin anew could do a thing twice.
    if (!known && replicaOfState(state) !== undefined) throw new GatewayError('mcp_state_invalid');
    const call = known ?? this.#begin(placed, method, context, caller);
    const keep = (): string => this.#pending.keep(call, caller.principal);
    // Between two rounds the call goes on; in one it ends with its client.
    const leave = (): void => call.giveUp();
    context.mcpReq.signal.addEventListener('abort', leave, { once: true });
    try {
      const result = await call.goOn(context.mcpReq.inputResponses, keep);
      return this.#fitting(result, method, placed, caller);
    } finally {
      context.mcpReq.signal.removeEventListener('abort', leave);
    }
  }

  /**
   * What somebody who listens is to hear of: all servers, and of each the resources that were named and are theirs to read.
   * @throws GatewayError `mcp_not_allowed`
   */
  async watched(named: unknown, caller: HostCaller): Promise<ReadonlyMap<McpServer, readonly string[]>> {
    const wanted = new Map<McpServer, string[]>();
    for (const server of this.#options.servers) if (server.access.knows(caller.asker)) wanted.set(server, []);
    const uris = Array.isArray(named) ? named.slice(0, MOST_WATCHED) : [];
    const withClient = this.#pooled({ ...caller, capabilities: {}, info: GATEWAY });
    for (const uri of uris) {
      const place = this.#catalog
        ? await this.#find('resources/list', String(uri), caller, withClient)
        : { server: this.#options.servers[0] as McpServer };
      if (!place?.server.access.allows(caller.asker, 'resources', String(uri)))
        throw new GatewayError('mcp_not_allowed');
      wanted.get(place.server)?.push(String(uri));
    }
    return wanted;
  }

  #pooled(caller: LinkFor) {
    return async <T>(server: McpServer, work: (client: Client) => Promise<T>): Promise<T> => {
      const link = await this.#pool.take(server, caller);
      try {
        return await work(link.client);
      } finally {
        this.#pool.give(link, caller);
      }
    };
  }

  async #ofSession(
    method: string,
    params: unknown,
    context: ServerContext,
    { links, caller, reopen }: Session,
    active: Set<ServerContext>,
  ): Promise<Result> {
    const linkOf = async (server: McpServer): Promise<Link> => links.get(server.name) ?? reopen(server);
    const withClient = async <T>(server: McpServer, work: (client: Client) => Promise<T>): Promise<T> =>
      work((await linkOf(server)).client);
    const placed = await this.#place(method, (params ?? {}) as Params, caller, withClient);
    if ('result' in placed) return placed.result;
    const link = await linkOf(placed.server);
    if (link.isModern && (method === 'resources/subscribe' || method === 'resources/unsubscribe'))
      return subscribeAs2026(link, method, String(placed.params.uri));
    active.add(context);
    try {
      return this.#fitting(
        await send(link, method, placed.params, context, {
          signal: context.mcpReq.signal,
          ...(link.isModern && { logLevel: link.logLevel }),
        }),
        method,
        placed,
        caller,
      );
    } finally {
      active.delete(context);
    }
  }

  /** `logging/setLevel` of a session: told to servers of 2025-11-25, said to others with each request. */
  async setLevel(level: string, { links }: Pick<Session, 'links'>): Promise<Result> {
    const request = { method: 'logging/setLevel', params: { level } } as never;
    for (const link of links.values()) {
      link.logLevel = level;
      if (!link.isModern && link.client.getServerCapabilities()?.logging) await link.client.request(request);
    }
    return {};
  }

  /** Hands on what a server says in a session: to the call that runs, or beside all calls. */
  listen(link: Link, server: Server, active: ReadonlySet<ServerContext>, onEnd: () => void): void {
    const latest = (): ServerContext | undefined => [...active].at(-1);
    link.listener = {
      onRequest: (method, params) => {
        const request = { method, params } as never;
        const options = { timeout: PATIENCE_MS };
        const context = latest();
        return (
          context ? context.mcpReq.send(request, options) : server.request(request, options)
        ) as Promise<Result>;
      },
      onNotification: (notification) => {
        const context = isOfCall(notification) ? latest() : undefined;
        const sent = context
          ? context.mcpReq.notify(notification as never)
          : server.notification(notification as never);
        sent.catch((error: unknown) =>
          this.#options.ports.log.debug({ err: error }, 'a notification found no client'),
        );
      },
    };
    const { onclose } = link.client;
    link.client.onclose = () => {
      onclose?.();
      onEnd();
    };
  }

  #begin({ server, params }: Placed, method: string, context: ServerContext, caller: Caller): PendingCall {
    const { inputResponses } = context.mcpReq;
    const requestState = context.mcpReq.requestState();
    const again = {
      ...(inputResponses && { inputResponses }),
      ...(requestState !== undefined && { requestState }),
    };
    const call = new PendingCall(async (ask, signal) => {
      const link = await this.#pool.take(server, caller);
      const logLevel = ((context.mcpReq.envelope ?? {}) as Record<string, unknown>)[LOG_LEVEL_META_KEY];
      if (logLevel !== undefined && !link.isModern && link.client.getServerCapabilities()?.logging)
        await link.client.request({ method: 'logging/setLevel', params: { level: logLevel } } as never);
      link.listener = {
        onRequest: ask,
        onNotification: (notification) => {
          // Who has not asked for a log gets none (2026-07-28).
          if (notification.method === 'notifications/message' && logLevel === undefined) return;
          // A client that has left, or is between two rounds of its call, hears nothing.
          if (isOfCall(notification)) context.mcpReq.notify(notification as never).catch(() => undefined);
        },
      };
      // While it waits for its client its program may be had by who has fewer.
      const give = server.programs.shares.hold({
        principal: caller.principal,
        isBusy: () => !call.isWaiting,
        end: () => call.end(),
      });
      try {
        return await send(link, method, { ...params, ...again }, context, {
          signal,
          ...(link.isModern && logLevel !== undefined && { logLevel: String(logLevel) }),
          allowInputRequired: true,
        });
      } finally {
        give();
        this.#pool.give(link, caller);
      }
    });
    return call;
  }

  /** Of all servers together each keeps to its own size and schemas: what goes out is only held to the largest. */
  #fitting(
    result: Result,
    method: string,
    { server, params }: Placed,
    { asker: { mcp } }: HostCaller,
  ): Result {
    if (!this.#catalog) return result;
    if (Buffer.byteLength(JSON.stringify(result)) > server.config.results.maxSize)
      throw new GatewayError('mcp_result_too_large');
    if (mcp && method === 'tools/call')
      mcp.breach ||= server.tools.breachOf(String(params.name), result) ?? '';
    return result;
  }

  /** To which server a request goes, and under which name there; or its result, where it is about all of them. */
  async #place(
    method: string,
    params: Params,
    caller: HostCaller,
    withClient: <T>(server: McpServer, work: (client: Client) => Promise<T>) => Promise<T>,
  ): Promise<Placed | { result: Result }> {
    const { principal, asker, continues } = caller;
    const [only] = this.#options.servers;
    if (!this.#catalog) return { server: only as McpServer, params };
    if (isList(method)) {
      const { entries, at, kind, places } = await this.#catalog.list(method, caller, withClient);
      const shown = entries.filter((_, index) => {
        const place = places[index];
        return place?.server.access.allows(asker, kind, place.name);
      });
      return { result: { [at]: shown } };
    }
    const subject = subjectOf(method, params);
    if (!subject) throw new ProtocolError(-32_601, 'Method not found');
    const place = await this.#find(LIST_OF[subject.kind], subject.name, caller, withClient);
    if (!place) throw new GatewayError('mcp_not_allowed');
    const { server } = place;
    const owned: Params = { ...params, ...renamed(method, params, place.name) };
    await admitRequest({ server, exchange: asker, principal, method, params: owned, continues });
    return { server, params: owned };
  }

  async #find(
    method: ListMethod,
    name: string,
    caller: HostCaller,
    withClient: <T>(server: McpServer, work: (client: Client) => Promise<T>) => Promise<T>,
  ) {
    const catalog = this.#catalog as Catalog;
    const found = await catalog.find(method, name, caller, withClient);
    if (found || method !== 'resources/list') return found;
    return catalog.findByTemplate(name, caller, withClient);
  }
}

/** What belongs to a call that runs, and not to the session as a whole. */
const isOfCall = ({ method }: Notification): boolean =>
  method === 'notifications/message' || method === 'notifications/elicitation/complete';

function renamed(method: string, params: Params, name: string): Params {
  if (method === 'completion/complete') {
    const ref = params.ref as { type?: unknown };
    return ref.type === 'ref/prompt' ? { ref: { ...ref, name } } : {};
  }
  return method.startsWith('resources/') ? {} : { name };
}
