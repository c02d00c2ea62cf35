import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';

/** Who may say whom a request comes from. */
export interface Trust {
  /** The client's address: the peer's, or what trusted proxies say. */
  clientOf(request: IncomingMessage): string;
  /** Whether the peer's X-Forwarded-* is believed. */
  isTrusted(request: IncomingMessage): boolean;
}

/** @param trusted nobody (false), anybody (true), or addresses and CIDRs */
export function trustOf(trusted: boolean | readonly string[]): Trust {
  if (trusted === false) {
    return { clientOf: (request) => request.socket.remoteAddress ?? '', isTrusted: () => false };
  }
  const trusts = trusted === true ? () => true : proxyAddr.compile([...trusted]);
  return {
    clientOf: (request) => proxyAddr(request, trusts),
    isTrusted: (request) => trusts(request.socket.remoteAddress ?? '', 0),
  };
}
