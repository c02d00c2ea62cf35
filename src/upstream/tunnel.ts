import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { HeaderBag } from '../contracts/policy.ts';
import type { BreakerPass } from './breaker.ts';
import { isOwnLack } from './failure.ts';
import type { CancelSignal } from './signal.ts';
import type { Target } from './target.ts';
import type { Outcome } from './target-state.ts';

export interface UpgradeCall {
  target: Target;
  /** Leave of the upstream's breaker, which is told what came of it. */
  pass: BreakerPass;
  path: string;
  headers: HeaderBag;
  signal: CancelSignal;
  /** Milliseconds from the request sent to the answer; 0: as long as it takes. */
  timeoutMs: number;
}

/**
 * `switched` with the raw connection, or an ordinary answer: a refusal, or that of an upstream that ignores Upgrade. Its
 * body is undefined if it was too long or too slow; then the call is over all the same.
 */
export type UpgradeAnswer =
  | { switched: true; headers: IncomingHttpHeaders; socket: Duplex }
  | { switched: false; statusCode: number; headers: IncomingHttpHeaders; body: Buffer | undefined };

type Headers = Record<string, string | string[]>;

/** Bytes and milliseconds for the body of an answer that is no switch: an error's text, not a stream. */
const LARGEST_BODY = 64 * 1024;
const SLOWEST_BODY_MS = 2_000;

const inTime = (): Error =>
  Object.assign(new Error('no answer in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' });

/** Asks a target to switch to WebSocket. */
export function upgradeUpstream(call: UpgradeCall): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let refusal: { statusCode: number; headers: IncomingHttpHeaders } | undefined;
    const body: Buffer[] = [];
    let bytes = 0;
    const began = performance.now();
    call.target.begin();
    let hasEnded = false;
    const ended = (outcome?: Outcome): void => {
      if (!hasEnded) call.target.end(outcome);
      hasEnded = true;
      call.pass.end(outcome?.ok);
    };
    const late = inTime();
    /** Why nobody waits for it any more. */
    let stopped: Error | undefined = call.signal.reason;
    const stop = (reason: Error): void => {
      stopped ??= reason;
      controller?.abort(reason);
    };
    let timer = call.timeoutMs > 0 ? setTimeout(() => stop(late), call.timeoutMs) : undefined;
    const onAbort = (): void => stop(call.signal.reason as Error);
    const settled = (): void => {
      clearTimeout(timer);
      call.signal.off('abort', onAbort);
    };
    /** Answers without the body, and leaves nothing running upstream. */
    const giveUpBody = (): void => {
      if (refusal) resolve({ switched: false, ...refusal, body: undefined });
      controller?.abort(new Error('the answer to a refused upgrade goes on too long'));
    };
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
        if (stopped) started.abort(stopped);
      },
      onRequestUpgrade(_controller, _statusCode, headers, socket) {
        settled();
        const ms = performance.now() - began;
        call.pass.end(true);
        socket.once('close', () => ended({ ok: true, ms }));
        resolve({ switched: true, headers: headers as IncomingHttpHeaders, socket });
      },
      onResponseStart(_controller, statusCode, headers) {
        if (statusCode < 200) return;
        refusal = { statusCode, headers: headers as IncomingHttpHeaders };
        clearTimeout(timer);
        timer = setTimeout(giveUpBody, SLOWEST_BODY_MS);
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length;
        if (bytes > LARGEST_BODY) giveUpBody();
        else body.push(chunk);
      },
      onResponseEnd() {
        settled();
        ended({ ok: (refusal?.statusCode ?? 0) < 500, ms: performance.now() - began });
        if (refusal) resolve({ switched: false, ...refusal, body: Buffer.concat(body) });
      },
      onResponseError(_controller, error) {
        settled();
        const isTargets =
          stopped === undefined ? refusal === undefined && !isOwnLack(error) : stopped === late;
        ended(isTargets ? { ok: false, ms: performance.now() - began } : undefined);
        // Once the body was given up this changes nothing: the promise has its answer.
        reject(error);
      },
    });
  });
}
