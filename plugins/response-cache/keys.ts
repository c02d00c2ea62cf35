import { hash } from 'node:crypto';
import type { HeaderBag, UpstreamRequest } from '../../src/contracts/policy.ts';

/**
 * Scheme, host, path and query as the upstream may read them. The Host header that it gets may be its own, but it is
 * told the client's beside it, and answers by that: to leave it out would let one client poison the answers of all.
 */
export const addressOf = ({ headers, path }: Pick<UpstreamRequest, 'headers' | 'path'>): string =>
  `${[headers['x-forwarded-proto'], headers['x-forwarded-host'], headers.host].join(' ').toLowerCase()} ${path}`;

const digest = (parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'hex');

/** What makes another answer of the same URL, before the upstream has said anything. */
export interface Apart {
  /** Whose answers they are; '' for everybody's. */
  readonly tenant: string;
  /** Which upstream of a split answers; '' where there is none. */
  readonly variant: string;
  /** The path that the client asked for: a rewrite may make one of several, and each is purged by its own. */
  readonly asked: string;
}

/**
 * The key of a URL: of its answer, or of the signpost to its variants. HEAD is answered from GET's.
 * @param always request headers that make another answer, whatever the upstream says
 */
export function primaryKey(request: UpstreamRequest, apart: Apart, always: readonly string[]): string {
  const { tenant, variant, asked } = apart;
  return digest([tenant, variant, asked, addressOf(request), ...valuesOf(request.headers, always)]);
}

/** The key under which stands when all answers of an address, whosesoever, became wrong. */
export const changeKey = (request: Pick<UpstreamRequest, 'headers' | 'path'>): string =>
  digest(['changed', addressOf(request)]);

/** The key of the variant that a request asks for. */
export function variantKey(primary: string, headers: HeaderBag, varies: readonly string[]): string {
  return digest([primary, ...varies, ...valuesOf(headers, varies)]);
}

/** Space around commas makes no other answer (RFC 9111 section 4.1). */
function valuesOf(headers: HeaderBag, names: readonly string[]): string[] {
  return names.map((name) =>
    String(headers[name] ?? '')
      .split(',')
      .map((part) => part.trim())
      .join(','),
  );
}
