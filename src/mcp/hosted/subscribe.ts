import type { Result } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Link } from './link.ts';

/** Subscriptions of one session at one server. */
const MOST = 100;

/**
 * A session's subscription at a server of 2026-07-28, which has streams in their place.
 * @param method `resources/subscribe` or `resources/unsubscribe`
 * @throws GatewayError `overloaded`; what the server refuses
 */
export async function subscribeAs2026(
  { client, subscriptions }: Link,
  method: string,
  uri: string,
): Promise<Result> {
  const open = subscriptions.get(uri);
  if (method === 'resources/unsubscribe') {
    subscriptions.delete(uri);
    await (await open)?.();
    return {};
  }
  if (open) await open;
  if (subscriptions.has(uri)) return {};
  if (subscriptions.size >= MOST) throw new GatewayError('overloaded');
  const begun = client
    .listen({ resourceSubscriptions: [uri] })
    .then((subscription) => () => subscription.close());
  subscriptions.set(uri, begun);
  try {
    await begun;
  } catch (error) {
    subscriptions.delete(uri);
    throw error;
  }
  return {};
}
