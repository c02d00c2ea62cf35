import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/** Who may say whom a request comes from. */
export interface Trust {
  /** The client's address: the peer's, or what trusted proxies say; '' if that is no address. */
  clientOf(request: IncomingMessage): string;
  /** Whether the peer's X-Forwarded-* is believed. */
  isTrusted(request: IncomingMessage): boolean;
}

/** @param trusted nobody (false), anybody (true), or addresses and CIDRs */
export function trustOf(trusted: boolean | readonly string[]): Trust {
  if (trusted === false) {
    return { clientOf: (request) => request.socket.remoteAddress ?? '', isTrusted: () => false };
  }
  const named = trusted === true ? () => true : proxyAddr.compile([...trusted]);
  // A proxy that is named with its port is no less trusted: the walk must not end there and take it for the client.
  const trusts = (address: string, hop: number): boolean => named(bareAddress(address), hop);
  return {
    clientOf: (request) => {
      const peer = request.socket.remoteAddress;
      // A connection that was reset before it was looked at has no address any more.
      if (peer === undefined) return '';
      const said = bareAddress(proxyAddr(request, trusts));
      // Who comes from somewhere that nobody can read is not the proxy, and may not pass where the proxy itself may.
      return isIP(said) === 0 ? '' : said;
    },
    isTrusted: (request) => {
      const peer = request.socket.remoteAddress;
      return peer !== undefined && trusts(peer, 0);
    },
  };
}

/** Some proxies write a port behind the address: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
function bareAddress(said: string): string {
  if (said.startsWith('[')) return said.slice(1, said.indexOf(']'));
  const colon = said.indexOf(':');
  return colon > 0 && said.indexOf(':', colon + 1) < 0 ? said.slice(0, colon) : said;
}
