import type { IncomingHttpHeaders } from 'node:http';
import type { RouteConfig } from '../config/schema/index.ts';
import { Split, sessionOf } from '../proxy/split.ts';

/**
 * The part of a route's split that takes a request with these headers. Undefined where there is no split, and where it
 * hangs on what headers don't say: the client's address, or who the consumer is.
 *
 * @param hasConsumer whether a policy of the route finds out who the consumer is
 */
export function explainSplit(
  { split, sticky }: RouteConfig,
  headers: IncomingHttpHeaders,
  hasConsumer: boolean,
): string | undefined {
  if (split === undefined) return undefined;
  const open = split.filter(({ weight }) => weight > 0);
  if (open.length === 1) return open[0]?.upstream;
  const decides = sticky.find((by) =>
    by === 'consumer' ? hasConsumer : by === 'address' || sessionOf(headers) !== '',
  );
  if (decides !== 'session') return undefined;
  return split[new Split(split, ['session']).choose({ consumer: '', client: '', headers }, '')]?.upstream;
}
