import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { HeaderBag } from '../contracts/policy.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './upstream.ts';

export interface UpgradeCall {
  target: Target;
  path: string;
  headers: HeaderBag;
  signal: CancelSignal;
  /** Milliseconds from the request sent to the answer. */
  timeoutMs: number;
}

/** `switched` with the raw connection, or the refusal's status and headers (its body is left unread). */
export type UpgradeAnswer =
  | { switched: true; headers: IncomingHttpHeaders; socket: Duplex }
  | { switched: false; statusCode: number; headers: IncomingHttpHeaders };

type Headers = Record<string, string | string[]>;

/** Asks a target to switch to WebSocket. */
export function upgradeUpstream(call: UpgradeCall): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        call.signal.abort(Object.assign(new Error('no answer in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' })),
      call.timeoutMs,
    );
    const settled = (): void => clearTimeout(timer);
    let controller: Dispatcher.DispatchController | undefined;
    const onAbort = (): void => controller?.abort(call.signal.reason as Error);
    call.signal.once('abort', onAbort);
    const options = {
      path: call.path,
      method: 'GET',
      headers: call.headers as Headers,
      upgrade: 'websocket',
      ...(call.target.servername === '' ? {} : { servername: call.target.servername }),
    } satisfies Dispatcher.DispatchOptions & { servername?: string };
    call.target.pool.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (call.signal.aborted) onAbort();
      },
      onRequestUpgrade(_controller, _statusCode, headers, socket) {
        settled();
        call.signal.off('abort', onAbort);
        resolve({ switched: true, headers: headers as IncomingHttpHeaders, socket });
      },
      onResponseStart(_controller, statusCode, headers) {
        if (statusCode < 200) return;
        settled();
        call.signal.off('abort', onAbort);
        resolve({ switched: false, statusCode, headers: headers as IncomingHttpHeaders });
      },
      onResponseData() {
        // The body of a refusal goes nowhere: the client gets the gateway's own.
      },
      onResponseEnd: settled,
      onResponseError(_controller, error) {
        settled();
        reject(error);
      },
    });
  });
}
