import {
  Client,
  type ClientCapabilities,
  type Implementation,
  ProtocolError,
  type Result,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import type { Notification, RequestId } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import { failureBeforeAnswer } from '../../upstream/failure.ts';
import type { McpServer } from '../server.ts';
import { type FetchListener, fetchThrough } from './fetch-through.ts';
import { isNotFound, SessionForgotten } from './session-forgotten.ts';

/** What a server may ask of a client, and by what capability a client says that it can be asked. */
const ASKED = [
  ['elicitation', 'elicitation/create'],
  ['sampling', 'sampling/createMessage'],
  ['roots', 'roots/list'],
] as const;
const LIST_CHANGED = 'notifications/tools/list_changed';
/** Asking a person takes its time: who waits for an answer gives up, not the gateway. */
export const PATIENCE_MS = 86_400_000;

/** A program that is alive answers within it, whatever else it does. */
const PING_MS = 5000;

/** For whom a connection is. */
export interface LinkFor {
  readonly principal: string;
  readonly capabilities: ClientCapabilities;
  readonly info: Implementation;
}

/** Takes what a server says by itself. */
export interface LinkListener {
  onRequest(method: string, params: unknown, id: RequestId): Promise<Result>;
  onNotification(notification: Notification): void;
}

/** A connection to one server in whichever revision it speaks, over HTTP or to a program of its own. */
export class Link {
  readonly server: McpServer;
  readonly client: Client;
  /** Who listens now: a connection serves one call at a time, or one session. */
  listener: LinkListener | undefined;
  isOpen = true;
  /** A call on it was given up: whether it is good for another is not known. */
  isSuspect = false;
  /** Its server has forgotten its session: nothing comes of asking on it. */
  isForgotten = false;
  /** What it is to log at least, as its session said; of 2026-07-28 every request says it. */
  logLevel = 'info';
  /** Of a session at a server of 2026-07-28: what ends the subscriptions to resources. */
  readonly subscriptions = new Map<string, Promise<() => Promise<void>>>();
  readonly #onEnd: (wanted: boolean) => void;
  /** Of calls that ended because their answers were too large. */
  readonly #tickets: Set<string>;
  /** Questions of the server that somebody is still to answer. */
  #asking = 0;
  /** Pieces of work that are done on it. */
  #running = 0;
  #heardAt = performance.now();

  private constructor(
    server: McpServer,
    client: Client,
    { onEnd, tickets }: { onEnd: (wanted: boolean) => void; tickets: Set<string> },
  ) {
    this.server = server;
    this.client = client;
    this.#onEnd = onEnd;
    this.#tickets = tickets;
    client.onclose = () => {
      if (this.isOpen) onEnd(false);
      this.isOpen = false;
    };
    client.fallbackNotificationHandler = async (notification) => {
      this.hear();
      if (notification.method === LIST_CHANGED) server.tools.onListChanged();
      this.listener?.onNotification(notification as Notification);
    };
  }

  get isModern(): boolean {
    return this.client.getProtocolEra() === 'modern';
  }

  /**
   * @param principal for whom it is; '' of the gateway's own
   * @param capabilities of the client for whom it is
   * @param asks whether `input_required` is to be answered by asking the listener (2025-11-25), else it is handed on
   * @throws GatewayError
   */
  static async open(
    server: McpServer,
    { principal, capabilities, info, asks }: LinkFor & { readonly asks: boolean },
  ): Promise<Link> {
    const client = new Client(info, {
      capabilities,
      versionNegotiation: { mode: modeOf(server) },
      inputRequired: { autoFulfill: asks },
    });
    const tickets = new Set<string>();
    const { transport, onEnd } = await transportOf(server, principal, {
      onTooLarge: (ticket) => void tickets.add(ticket),
      onForgotten: () => link.#forget(),
    });
    const link = new Link(server, client, { onEnd, tickets });
    for (const [capability, method] of ASKED) {
      if (capabilities[capability] === undefined) continue;
      client.setRequestHandler(method, ((
        request: { params?: unknown },
        context: { mcpReq: { id: RequestId } },
      ) => {
        if (!link.listener) throw new Error('nobody can be asked');
        return link.#asked(link.listener.onRequest(method, request.params, context.mcpReq.id));
      }) as never);
    }
    try {
      await link.during(() => client.connect(transport, { timeout: server.config.timeouts.response }));
      return link;
    } catch (cause) {
      link.isOpen = false;
      onEnd(false);
      await client.close();
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError(server.upstream ? failureBeforeAnswer(cause) : 'mcp_process_unavailable', {
        cause,
      });
    }
  }

  /**
   * Does a piece of work on it. Once its session is forgotten it is closed, when the last such piece is over: of several
   * that run each learns by itself whether it was done.
   * @throws SessionForgotten; what the work throws
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } catch (error) {
      throw this.isForgotten && isNotFound(error) ? new SessionForgotten() : error;
    } finally {
      this.#running--;
      this.#closeIfForgotten();
    }
  }

  #forget(): void {
    this.isForgotten = true;
    this.#closeIfForgotten();
  }

  #closeIfForgotten(): void {
    if (this.isForgotten && this.#running === 0) void this.close();
  }

  /**
   * Does a piece of work, and gives it up when the server is silent for too long. The time that a person takes to answer
   * a question of the server's is not its silence.
   * @throws GatewayError `upstream_timeout`
   */
  async unlessSilent<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { idle } = this.server.config.timeouts;
    const silence = new AbortController();
    this.#heardAt = performance.now();
    const look = (): void => {
      const leftMs = this.#asking > 0 ? idle : this.#heardAt + idle - performance.now();
      if (leftMs > 0) timer = setTimeout(look, leftMs).unref();
      else silence.abort(new GatewayError('upstream_timeout'));
    };
    let timer = setTimeout(look, idle).unref();
    try {
      return await work(AbortSignal.any([signal, silence.signal]));
    } catch (error) {
      if (!silence.signal.aborted)
        throw this.#wasTooLarge(error) ? new GatewayError('mcp_result_too_large') : error;
      this.isSuspect = true;
      void this.#endIfHung();
      throw silence.signal.reason;
    } finally {
      clearTimeout(timer);
    }
  }

  #wasTooLarge(error: unknown): boolean {
    const { ticket } = (error instanceof ProtocolError ? (error.data ?? {}) : {}) as { ticket?: unknown };
    return typeof ticket === 'string' && this.#tickets.delete(ticket);
  }

  /** A program that answers nothing at all is ended, so that another is begun for who comes next. */
  async #endIfHung(): Promise<void> {
    if (this.server.upstream !== undefined) return;
    const timeout = Math.min(PING_MS, this.server.config.timeouts.idle);
    const isHung = await this.client.ping({ timeout }).then(
      () => false,
      (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout,
    );
    const { transport } = this.client;
    if (isHung && this.isOpen && transport) this.server.programs.cutOff(transport);
  }

  /** It has said something of the call that runs. */
  hear(): void {
    this.#heardAt = performance.now();
  }

  async #asked(answer: Promise<Result>): Promise<Result> {
    this.#asking++;
    try {
      return await answer;
    } finally {
      this.#asking--;
      this.hear();
    }
  }

  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onEnd(true);
    const { transport } = this.client;
    // A session that is not ended stays with its server until it runs out.
    const hasSession = transport instanceof StreamableHTTPClientTransport && !this.isModern;
    if (hasSession && !this.isForgotten) await transport.terminateSession().catch(() => undefined);
    await this.client.close();
  }
}

function modeOf({ config: { revisions } }: McpServer) {
  if (revisions?.length === 1) return revisions[0] === '2025-11-25' ? 'legacy' : { pin: '2026-07-28' };
  return 'auto';
}

async function transportOf(
  server: McpServer,
  principal: string,
  listener: FetchListener,
): Promise<{ transport: Transport; onEnd(wanted: boolean): void }> {
  const { url } = server.config;
  if (url === undefined) return server.programs.open(principal);
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: fetchThrough(server, listener),
  });
  return { transport, onEnd: () => undefined };
}
