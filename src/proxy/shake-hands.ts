import type { IncomingMessage } from 'node:http';
import type { HeaderBag, MessageBody, NextCall } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { LiveExchange } from '../record/exchange.ts';
import { failureBeforeAnswer } from '../upstream/failure.ts';
import { endToEndHeaders } from '../upstream/message-headers.ts';
import type { UpgradeAnswer } from '../upstream/tunnel.ts';
import { type Handshake, upgradeWithRetries } from '../upstream/upgrading.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isFor, noteFailure } from './fallback.ts';
import { headersForOther } from './host-header.ts';
import { prepareRequest } from './prepare-request.ts';
import type { ProxyRoute } from './proxy-route.ts';

type Switched = Extract<UpgradeAnswer, { switched: true }>;

/** What came of a handshake: the upstream's raw connection, or an answer that is no switch. */
export type Shaken =
  | { readonly switched: Switched['socket']; readonly headers: HeaderBag }
  | { readonly switched: undefined; readonly status: number; readonly headers: HeaderBag; body: MessageBody };

/**
 * Asks for a switch of protocols, through the policies that stand around a call: any GET can be made to look like a
 * handshake, and an upstream that ignores that answers as ever.
 * @throws GatewayError what is to be the answer
 */
export async function shakeHands(
  route: ProxyRoute,
  request: IncomingMessage,
  exchange: LiveExchange,
): Promise<Shaken> {
  const upstream = route.upstreamOf(exchange);
  const { path, headers } = prepareRequest(route, upstream, request);
  let switched: Switched | undefined;
  const last: NextCall = async (asked) => {
    // Of this call, not of one before it.
    switched?.socket.destroy();
    exchange.fallback = '';
    const handshake = { path: asked.path, headers: asked.headers, signal: exchange.cancel };
    const answer = await ask(route, upstream, handshake, exchange).catch((cause: unknown) => {
      throw cause instanceof GatewayError ? cause : new GatewayError(failureBeforeAnswer(cause), { cause });
    });
    switched = answer.switched ? answer : undefined;
    const own = endToEndHeaders(answer.headers);
    return answer.switched
      ? { status: 101, headers: own, body: null }
      : { status: answer.statusCode, headers: own, body: answer.body ?? null };
  };
  try {
    const call = { method: 'GET', path, headers, body: null, isUpgrade: true };
    const { status, headers: own, body } = await route.policies.aroundCall(call, exchange, last);
    if (status === 101 && switched) return { switched: switched.socket, headers: own };
    switched?.socket.destroy();
    return { switched: undefined, status, headers: own, body };
  } catch (error) {
    switched?.socket.destroy();
    throw error;
  }
}

/** The upstream or, where that fails, the one that stands in for it. */
async function ask(
  { fallback }: ProxyRoute,
  upstream: Upstream,
  handshake: Handshake,
  exchange: LiveExchange,
): Promise<UpgradeAnswer> {
  if (fallback?.upstream === undefined || fallback.upstream === upstream)
    return upgradeWithRetries(upstream, handshake, exchange);
  let reason: string;
  try {
    const answer = await upgradeWithRetries(upstream, handshake, exchange);
    if (answer.switched || !isFor(fallback.on, answer.statusCode, exchange)) return answer;
    reason = String(answer.statusCode);
  } catch (error) {
    if (exchange.cancel.aborted) throw error;
    reason = failureBeforeAnswer(error);
  }
  noteFailure(exchange, reason);
  exchange.fallback = fallback.upstream.name;
  const headers = headersForOther(handshake.headers, upstream, fallback.upstream, exchange);
  return upgradeWithRetries(fallback.upstream, { ...handshake, headers }, exchange);
}
