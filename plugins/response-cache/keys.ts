import { hash } from 'node:crypto';
import type { HeaderBag, UpstreamRequest } from '../../src/contracts/policy.ts';

/** Host, path and query of a request: what people call it when they purge it. */
export const urlOf = ({ headers, path }: UpstreamRequest): string => `${String(headers.host ?? '')}${path}`;

const digest = (parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'hex');

/** What makes another answer of the same URL, before the upstream has said anything. */
export interface Apart {
  /** Whose answers they are; '' for everybody's. */
  readonly tenant: string;
  /** Which upstream of a split answers; '' where there is none. */
  readonly variant: string;
}

/**
 * The key of a URL: of its answer, or of the signpost to its variants. HEAD is answered from GET's.
 * @param always request headers that make another answer, whatever the upstream says
 */
export function primaryKey(request: UpstreamRequest, apart: Apart, always: readonly string[]): string {
  return digest([apart.tenant, apart.variant, urlOf(request), ...valuesOf(request.headers, always)]);
}

/** The key under which stands when all answers of a URL, whosesoever, became wrong. */
export const markKey = (url: string): string => digest(['changed', url]);

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
