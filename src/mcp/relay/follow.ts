import { CancelSignal } from '../../upstream/signal.ts';
import type { McpCall } from '../call.ts';

/** Ends the call to the server when the client leaves, unless its stream is kept for the client's return. */
export function follow({ exchange }: McpCall): { signal: CancelSignal; detach(): void } {
  const signal = new CancelSignal();
  const leave = (): void => signal.abort(exchange.cancel.reason as Error);
  exchange.cancel.once('abort', leave);
  return { signal, detach: () => exchange.cancel.off('abort', leave) };
}
