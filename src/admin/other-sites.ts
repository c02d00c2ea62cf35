import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors/gateway-error.ts';
import { isLoopback } from '../lib/loopback.ts';

/**
 * A page of another site that an operator's browser has open can send requests here. Browsers say so in `Origin` and
 * `Sec-Fetch-Site`; and where such a site makes its own name point at this machine (DNS rebinding), in `Host`.
 *
 * @param loopbackOnly no token protects the listener: whoever is not on this machine has another name for it
 * @throws GatewayError cross_site_refused
 */
export function refuseOtherSites({ headers }: FastifyRequest, { loopbackOnly = false } = {}): void {
  const { host = '', origin } = headers;
  if (loopbackOnly && !isLoopback(nameOf(`http://${host}`))) throw refusal('Host');
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) throw refusal('Origin');
  if (headers['sec-fetch-site'] === 'cross-site') throw refusal('Sec-Fetch-Site');
}

const refusal = (header: string): GatewayError =>
  new GatewayError('cross_site_refused', { detail: `The header ${header} says so.` });

/** Without the brackets of an IPv6 address; '' if it can't be read. */
const nameOf = (url: string): string => URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';

/** `host:port` as in a Host header; undefined for `null` and whatever else is no origin. */
const hostOf = (origin: string): string | undefined => URL.parse(origin)?.host;
