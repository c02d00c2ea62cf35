import type { ServerContext } from '@modelcontextprotocol/server';
import { carriedBy } from './carried.ts';

/** Says something on the stream of a call, if its client reads it. One that has left hears nothing. */
export function tell(context: ServerContext, notification: { readonly method: string }): void {
  if (carriedBy(context.http?.authInfo).backlog.takes(notification))
    context.mcpReq.notify(notification as never).catch(() => undefined);
}
