import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a slow reader. Beyond it is cut off, and catches up when it connects again. */
const MAX_WAITING = 256 * 1024;
/** Milliseconds. Proxies and load balancers cut what is silent for a minute, some for thirty seconds. */
const HEARTBEAT_MS = 15_000;

/** One answer as an event stream (HTML standard, section 9.2). */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #mayRead: () => boolean;
  readonly #heartbeat: NodeJS.Timeout;

  /**
   * @param onClose the stream is over, whoever ended it
   * @param mayRead whether its reader still may: asked before each write, heartbeats among them
   */
  constructor(response: ServerResponse, onClose: () => void, mayRead: () => boolean = () => true) {
    this.#response = response;
    this.#mayRead = mayRead;
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(this.#heartbeat);
      onClose();
    });
  }

  /** @param id what the client says in Last-Event-ID when it comes back */
  send(event: string, id: string, data: unknown): void {
    this.#write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #write(text: string): void {
    if (this.#response.destroyed) return;
    if (!this.#mayRead() || this.#response.writableLength > MAX_WAITING) this.#response.destroy();
    else this.#response.write(text);
  }
}
