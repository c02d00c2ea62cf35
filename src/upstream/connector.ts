import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector, errors } from 'undici';
import { sniOf, type TlsConnectOptions } from './target-tls.ts';

/**
 * Bytes that lie in memory unread before no more is asked for. What the system hands over at once, up to 64 kB, comes on
 * top: with Node's own 64 kB a reader that has stopped to read would keep two such pieces.
 */
const READ_AHEAD = 16 * 1024;

/**
 * Opens connections whose reset is always an error. undici takes a reset for the end of an answer that lasts until its
 * connection closes (it allows for a habit of macOS), and the client would take half an answer for a whole one.
 *
 * @param timeoutMs to open a connection
 * @param lookup finds the addresses of a name; the system's if absent
 * @param tls whom to believe, and what to show
 */
export function connector(
  timeoutMs: number,
  lookup?: LookupFunction,
  tls: TlsConnectOptions = {},
): buildConnector.connector {
  const open = buildConnector({
    // Counted here: undici counts in ticks of half a second, and may be one too early.
    timeout: 0,
    autoSelectFamily: true,
    ...(lookup ? { lookup } : {}),
    ...{ highWaterMark: READ_AHEAD },
    ...tls,
  });
  return (options, callback) => {
    const servername = sniOf(options.servername) as string;
    // Without a name undici makes one of the host, and takes an IPv6 address in its brackets for one.
    const { host, ...others } = options;
    const named = isIP(options.hostname) === 0 && host !== undefined ? { ...others, host } : others;
    let isOver = false;
    const late = timeoutMs > 0 ? setTimeout(() => setImmediate(giveUp), timeoutMs) : undefined;
    late?.unref();
    // undici returns it, whatever its types say.
    const socket = open({ ...named, servername }, (...outcome) => {
      isOver = true;
      clearTimeout(late);
      // Before undici listens, so that it sees the code changed.
      outcome[1]?.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
      });
      callback(...outcome);
    }) as unknown as Socket;
    // In the turn after its time: what came meanwhile, while the process was busy, is heard first.
    const giveUp = (): void => {
      if (!isOver) socket.destroy(lateConnection(socket, `${options.hostname}:${options.port}`, timeoutMs));
    };
  };
}

function lateConnection(
  { autoSelectFamilyAttemptedAddresses: tried = [] }: Socket,
  address: string,
  timeoutMs: number,
): Error {
  const to = tried.length === 0 ? address : tried.join(', ');
  return new errors.ConnectTimeoutError(`no connection to ${to} within ${timeoutMs} ms`);
}
