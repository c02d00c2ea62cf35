import type { Readable } from 'node:stream';
import type { HeaderBag } from '../contracts/policy.ts';
import { requestOptions, type UpstreamAnswer, type UpstreamCall } from './call.ts';

const CALL = Symbol('hypercare.call');

/** What reply-from hands to whatever it was given as its `undici`. */
interface ForeignRequest {
  method: string;
  headers: HeaderBag & { [CALL]?: UpstreamCall };
  body?: Buffer | string | Readable;
}

type Callback = (error: Error | null, answer?: UpstreamAnswer) => void;

/** Headers for reply-from that carry the call they belong to. */
export function carryCall(call: UpstreamCall): HeaderBag {
  return Object.assign(call.headers, { [CALL]: call });
}

/**
 * Stands where @fastify/reply-from expects an undici Pool. It has no place for a request's own target, timeouts and
 * cancellation (its upstream call runs on after the client has left before the first byte); the call brings them along
 * in its headers, which reply-from copies.
 */
export const requestable = {
  request(foreign: ForeignRequest, callback: Callback): void {
    const call = foreign.headers[CALL];
    if (!call) {
      callback(new Error('a proxied request without its call'));
      return;
    }
    const body =
      call.body ?? (foreign.body === '' || foreign.body === undefined ? null : (foreign.body as Readable));
    call.target.pool.request(requestOptions({ ...call, body }), callback as never);
  },
  destroy(): void {
    // The pools belong to the process, not to the plugin that is closed with its generation.
  },
};
