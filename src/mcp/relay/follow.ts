import { CancelSignal } from '../../upstream/signal.ts';
import type { McpCall } from '../call.ts';

/** A call that is followed. */
export interface Followed {
  readonly signal: CancelSignal;
  /** Its stream is kept for the client's return. */
  detach(): void;
  /** It is over. */
  end(): void;
}

/** Ends the call to the server when the client leaves; where its stream is kept, when its session would be over, too. */
export function follow({ exchange: { cancel }, config }: McpCall): Followed {
  const signal = new CancelSignal();
  const leave = (): void => signal.abort(cancel.reason as Error);
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(leave, config.session.ttl).unref();
  };
  cancel.once('abort', leave);
  return {
    signal,
    detach() {
      cancel.off('abort', leave);
      cancel.once('abort', wait);
    },
    end() {
      cancel.off('abort', wait);
      clearTimeout(timer);
    },
  };
}
