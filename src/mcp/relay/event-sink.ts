import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { HeaderBag } from '../../contracts/policy.ts';
import type { McpCall } from '../call.ts';

/** An event stream to a client. It takes no more than the client reads. */
export class EventSink {
  readonly #response: ServerResponse;

  /** Sends the head. From now on the answer is a stream, and errors are events in it. */
  constructor({ reply, exchange, policies }: McpCall, own: HeaderBag = {}) {
    const headers: HeaderBag = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': exchange.id,
      ...own,
    };
    policies.responseHeaders(headers, exchange);
    this.#response = reply.raw;
    reply.hijack();
    const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
    this.#response.writeHead(200, Object.fromEntries(sent) as Record<string, string>);
    this.#response.flushHeaders();
  }

  /** Whether the client has left. */
  get isGone(): boolean {
    return this.#response.destroyed;
  }

  /** Resolves when there is room for more, or nobody who reads. */
  async write(text: string): Promise<void> {
    const response = this.#response;
    if (response.destroyed || response.write(text)) return;
    const heard = new AbortController();
    const { signal } = heard;
    // What was not heard is listened for no more: a slow client makes a stream wait often.
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(
      () => heard.abort(),
    );
  }

  end(): void {
    this.#response.end();
  }
}
