import type { Exchange } from '../contracts/exchange.ts';
import type { HeaderBag } from '../contracts/policy.ts';
import type { Upstream } from '../upstream/upstream.ts';

type Named = Pick<Upstream, 'host'>;

/**
 * Headers that were made for one upstream as another gets them in its place: each has its own `host`. One that a policy has
 * set stays. None is in them where the target's own is sent.
 *
 * @param client as the client named the host
 */
export function headersForOther(
  headers: HeaderBag,
  from: Named,
  to: Named,
  { headers: { host: client } }: Pick<Exchange, 'headers'>,
): HeaderBag {
  if (from.host === to.host || headers.host !== (from.host === 'client' ? client : undefined)) return headers;
  return { ...headers, host: to.host === 'client' ? client : undefined };
}
