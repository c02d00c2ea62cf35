import type { Client } from '@modelcontextprotocol/client';
import {
  LOG_LEVEL_META_KEY,
  type Notification,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Params } from '../inbound.ts';
import type { HostCaller, McpServer } from '../server.ts';
import type { Backlog } from './backlog.ts';
import { carriedBy } from './carried.ts';
import { noted } from './faults.ts';
import { NOBODY } from './front.ts';
import type { HostOptions } from './host-options.ts';
import { type Link, type LinkFor, type LinkListener, PATIENCE_MS } from './link.ts';
import type { LinkPool } from './link-pool.ts';
import { asOlderResult } from './older-result.ts';
import { PendingCall, type PendingCalls, replicaOfState } from './pending-calls.ts';
import { type Placed, Placing } from './placing.ts';
import { send } from './send.ts';
import { SessionForgotten } from './session-forgotten.ts';
import { subscribeAs2026 } from './subscribe.ts';
import { tell } from './tell.ts';
import type { Wishes } from './wishes.ts';

type Caller = HostCaller & LinkFor;
interface Session {
  readonly links: ReadonlyMap<string, Link>;
  readonly wishes: Wishes;
  reopen(server: McpServer): Promise<Link>;
}

/** What a host does with the requests of its clients: to which server each goes, and on which connection. */
export class Requests {
  readonly #options: HostOptions;
  readonly #pool: LinkPool;
  readonly #pending: PendingCalls;
  readonly #placing: Placing;

  constructor(options: HostOptions, pool: LinkPool, pending: PendingCalls) {
    this.#options = options;
    this.#pool = pool;
    this.#pending = pending;
    this.#placing = new Placing(options);
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
    const { caller } = carriedBy(context.http?.authInfo);
    return noted(caller, this.#how(context), () =>
      this.#ofSession(method, params, context, { ...session, caller }, active),
    );
  }

  #how({ mcpReq: { signal } }: ServerContext) {
    return { signal, log: this.#options.ports.log };
  }

  async #ofModern(method: string, params: unknown, context: ServerContext, caller: Caller): Promise<Result> {
    const withClient = this.#pooled(caller);
    const placed = await this.#placing.place(method, (params ?? {}) as Params, caller, withClient);
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
      return this.#placing.fitting(result, method, placed, caller);
    } finally {
      context.mcpReq.signal.removeEventListener('abort', leave);
    }
  }

  /**
   * What somebody who listens is to hear of: all servers, and of each the resources that were named and are theirs to read.
   * @throws GatewayError `mcp_not_allowed`
   */
  watched(named: unknown, caller: HostCaller): Promise<ReadonlyMap<McpServer, readonly string[]>> {
    const withClient = this.#pooled({ ...caller, capabilities: {}, info: NOBODY });
    return this.#placing.watched(named, caller, withClient);
  }

  #pooled(caller: LinkFor) {
    return <T>(server: McpServer, work: (client: Client) => Promise<T>): Promise<T> =>
      this.#pool.use(server, caller, ({ client }) => work(client));
  }

  async #ofSession(
    method: string,
    params: unknown,
    context: ServerContext,
    session: Session & { readonly caller: HostCaller },
    active: Set<ServerContext>,
  ): Promise<Result> {
    const { caller } = session;
    const withClient = <T>(server: McpServer, work: (client: Client) => Promise<T>): Promise<T> =>
      onLink(session, server, ({ client }) => work(client));
    const placed = await this.#placing.place(method, (params ?? {}) as Params, caller, withClient);
    if ('result' in placed) return placed.result;
    const result = await onLink(session, placed.server, async (link) => {
      if (link.isModern && (method === 'resources/subscribe' || method === 'resources/unsubscribe'))
        return subscribeAs2026(link, method, String(placed.params.uri));
      active.add(context);
      try {
        const answer = await send(link, method, placed.params, context, {
          signal: context.mcpReq.signal,
          ...(link.isModern && { logLevel: link.logLevel }),
        });
        const fitting = this.#placing.fitting(answer, method, placed, caller);
        if (method !== 'tools/call' || !link.isModern) return fitting;
        return asOlderResult(fitting, link.server.tools.isNoObject(String(placed.params.name)));
      } finally {
        active.delete(context);
      }
    });
    session.wishes.note(placed.server, method, placed.params);
    return result;
  }

  /** A session's client has other roots: servers of 2025-11-25 are told, others ask for them in each call. */
  async tellRootsChanged({ links }: Pick<Session, 'links'>): Promise<void> {
    const older = [...links.values()].filter(({ isModern }) => !isModern);
    // The package refuses it of who has not said that they would tell.
    await Promise.allSettled(older.map(({ client }) => client.sendRootsListChanged()));
  }

  /** Hands on what a server says in a session: to the call that runs, or beside all calls. */
  listen(
    link: Link,
    server: Server,
    session: () => { readonly active: ReadonlySet<ServerContext>; readonly backlog: Backlog },
    onEnd: () => void,
  ): void {
    const latest = (): ServerContext | undefined => [...session().active].at(-1);
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
        if (context) {
          tell(context, notification);
          return;
        }
        if (!session().backlog.takes(notification)) return;
        server
          .notification(notification as never)
          .catch((error: unknown) =>
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
    const logLevel = ((context.mcpReq.envelope ?? {}) as Record<string, unknown>)[LOG_LEVEL_META_KEY];
    const begin = async (
      link: Link,
      ask: LinkListener['onRequest'],
      signal: AbortSignal,
    ): Promise<Result> => {
      if (logLevel !== undefined && !link.isModern && link.client.getServerCapabilities()?.logging)
        await link.client.request({ method: 'logging/setLevel', params: { level: logLevel } } as never);
      link.listener = {
        onRequest: ask,
        onNotification: (notification) => {
          // Who has not asked for a log gets none (2026-07-28).
          if (notification.method === 'notifications/message' && logLevel === undefined) return;
          // A client that has left, or is between two rounds of its call, hears nothing.
          if (isOfCall(notification)) tell(context, notification);
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
      }
    };
    const call = new PendingCall((ask, signal) =>
      this.#pool.use(server, caller, (link) => begin(link, ask, signal)),
    );
    return call;
  }
}

/** Does a piece of work on a session's connection to a server; where that has forgotten it, once more on a new one. */
async function onLink<T>(
  { links, reopen }: Pick<Session, 'links' | 'reopen'>,
  server: McpServer,
  work: (link: Link) => Promise<T>,
): Promise<T> {
  const once = async (): Promise<T> => {
    const kept = links.get(server.name);
    const link = kept && !kept.isForgotten ? kept : await reopen(server);
    return link.during(() => work(link));
  };
  try {
    return await once();
  } catch (error) {
    if (!(error instanceof SessionForgotten)) throw error;
    return once();
  }
}

/** What belongs to a call that runs, and not to the session as a whole. */
const isOfCall = ({ method }: Notification): boolean =>
  method === 'notifications/message' || method === 'notifications/elicitation/complete';
