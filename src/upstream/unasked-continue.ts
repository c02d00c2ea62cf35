import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { readOnDemand } from './read-on-demand.ts';

/** Where a status line has its status: `HTTP/1.1 100`. */
const STATUS_AT = 9;
const ONE = 0x31;
const ZERO = 0x30;
const TWO = 0x32;
const END_OF_HEAD = '\r\n\r\n';

/** Who waits for an answer, and knows whether its head has come. */
export interface AwaitsHead {
  readonly awaitsHead: boolean;
}

/** What undici is asked for. It passes the options on as they are, and the handler wrapped. */
export interface CallOptions extends Dispatcher.DispatchOptions {
  caller?: AwaitsHead;
  servername?: string;
}

/**
 * A connection whose upstream may say 100 Continue unasked, as every client has to bear (RFC 9110 section 15.2): undici
 * cuts it. Its parser takes 102 (Processing), which means as little to us, so before the head of an answer a 100 is
 * made one, in place. Costs a comparison for each piece that is read.
 */
class ContinuedClient extends Client {
  /** Without pipelining it is the one whose answer comes next on the connection. */
  #caller: AwaitsHead | undefined;
  /** The head began in a piece before this one, so that what comes next is the middle of a line. */
  #isInHead = false;

  override dispatch(options: CallOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#caller = options.caller;
    this.#isInHead = false;
    return super.dispatch(options, handler);
  }

  /** To be called before undici reads. */
  watch(socket: Socket): void {
    readOnDemand(socket);
    const read = socket.read.bind(socket);
    socket.read = (size?: number): unknown => {
      const chunk = read(size) as Buffer | null;
      if (chunk !== null && this.#caller?.awaitsHead) this.#atHead(chunk);
      return chunk;
    };
  }

  #atHead(chunk: Buffer): void {
    if (!this.#isInHead && chunk[STATUS_AT] === ONE) renameContinue(chunk);
    this.#isInHead = !endsWithHead(chunk);
  }
}

/** @param options with a connector of its own */
export function continuedClient(
  origin: URL,
  { connect, ...options }: Client.Options & { connect: buildConnector.connector },
): Dispatcher {
  const client: ContinuedClient = new ContinuedClient(origin, {
    ...options,
    connect: (asked, callback) =>
      connect(asked, (...outcome) => {
        if (outcome[1]) client.watch(outcome[1]);
        callback(...outcome);
      }),
  });
  return client;
}

function endsWithHead(chunk: Buffer): boolean {
  const end = chunk.length - 1;
  return chunk[end] === 0x0a && chunk[end - 1] === 0x0d && chunk[end - 2] === 0x0a && chunk[end - 3] === 0x0d;
}

/** Several interim answers may come in one piece, and the answer behind them. */
function renameContinue(chunk: Buffer): void {
  for (let head = 0; chunk[head + STATUS_AT] === ONE; ) {
    const last = head + STATUS_AT + 2;
    if (chunk[last - 1] === ZERO && chunk[last] === ZERO) chunk[last] = TWO;
    const end = chunk.indexOf(END_OF_HEAD, head, 'latin1');
    if (end < 0) return;
    head = end + END_OF_HEAD.length;
  }
}
