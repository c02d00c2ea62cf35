import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
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
    timeout: timeoutMs,
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
    open({ ...named, servername }, (...outcome) => {
      // Before undici listens, so that it sees the code changed.
      outcome[1]?.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
      });
      callback(...outcome);
    });
  };
}
