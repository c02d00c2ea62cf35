import type { ServerResponse } from 'node:http';
import type { LiveExchange } from '../record/exchange.ts';
import { Http2Response } from './http2-request.ts';
import type { LiveRequests } from './live-requests.ts';

/** Looks within the time that a client has, so that it has a quarter more of it at most. */
const LOOKS = 4;
const LONGEST_PAUSE_MS = 10_000;

interface Stall {
  /** Bytes that had gone out when that was last seen to change. */
  readonly gone: number;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/**
 * Cuts off clients that take nothing of their answers: each keeps a request in flight, its connection and its upstream's,
 * for as long as it likes, and `shed.maxInFlight` of them would keep everybody else out. Of an answer nothing waits to be
 * taken while its upstream is silent, so that streams may rest.
 */
export class StalledClients {
  readonly #live: LiveRequests;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  /** Those whose answers waited at the last look. */
  #stalls = new Map<LiveExchange, Stall>();

  /** @param live answers that are not over */
  constructor(live: LiveRequests, timeoutMs: number) {
    this.#live = live;
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#look(), Math.min(timeoutMs / LOOKS, LONGEST_PAUSE_MS));
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const before = this.#stalls;
    this.#stalls = new Map();
    for (const [exchange, response] of this.#live.all()) {
      const gone = goneWhileSomeWaits(response);
      if (gone === undefined) continue;
      const last = before.get(exchange);
      const stall = last?.gone === gone ? last : { gone, since: now };
      if (now - stall.since < this.#timeoutMs) {
        this.#stalls.set(exchange, stall);
        continue;
      }
      exchange.fail('client_cancelled', `the client took nothing of its answer for ${this.#timeoutMs} ms`);
      cutOff(response);
    }
  }
}

/** Bytes that have been handed to the system, or to the client's window; undefined if none wait for that. */
function goneWhileSomeWaits(response: ServerResponse): number | undefined {
  if (response instanceof Http2Response) {
    const waiting = response.writableLength;
    return waiting > 0 ? response.bodyBytes - waiting : undefined;
  }
  const { socket } = response;
  // Another answer is before it on the connection, or the connection has switched protocols.
  if (socket === null || socket.writableLength === 0) return undefined;
  return socket.bytesWritten - socket.writableLength;
}

function cutOff(response: ServerResponse): void {
  if (response instanceof Http2Response) response.destroy();
  else response.socket?.destroy();
}
