import { Readable } from 'node:stream';
import type { HeaderBag } from '../contracts/policy.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { RetryReason, RetrySettings } from './resilience.ts';

/** A request as every attempt sends it. */
export interface ForwardedRequest {
  method: string;
  /** Path and query, without a target's base path. */
  path: string;
  /** Without `host` the target's own is sent. */
  headers: HeaderBag;
  body: Buffer | Readable | null;
}

/** Methods that mean the same sent twice as sent once (RFC 9110 section 9.2.2), */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
/** and those that change nothing (section 9.2.1). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Whether it may be sent twice at once. */
export const mayHedge = ({ method, body }: ForwardedRequest): boolean => body === null && SAFE.has(method);

/** Why a failure that was worth a retry got none. */
export type RetryRefusal = 'not_idempotent' | 'body_streamed' | 'attempts' | 'retry_after' | 'budget';

/**
 * Why a request can't be sent once more without harm; undefined: it can.
 * @param wasSent any of it may have reached a target
 */
export function repeatHarm({ method, body }: ForwardedRequest, wasSent: boolean): RetryRefusal | undefined {
  if (wasSent && !IDEMPOTENT.has(method)) return 'not_idempotent';
  return body instanceof Readable && (wasSent || body.destroyed || body.readableDidRead)
    ? 'body_streamed'
    : undefined;
}

const KINDS: Partial<Record<ErrorCode, RetryReason>> = {
  upstream_connect: 'connect',
  upstream_reset: 'reset',
  upstream_timeout: 'timeout',
  // Of an answer that had begun, and of which nothing was passed on.
  upstream_truncated: 'reset',
  upstream_stalled: 'timeout',
};

/** @param failure a code of the error table, or the status that was answered */
export function isWorthRetry({ on }: RetrySettings, failure: ErrorCode | number): boolean {
  const reason = typeof failure === 'number' ? failure : KINDS[failure];
  return reason !== undefined && on.includes(reason);
}

/** Milliseconds before the same target is asked again: doubled each time, and half of it by chance. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;

/** @param random from 0 to 1 */
export function backoffMs(attempts: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1)) * (0.5 + random / 2);
}

/**
 * Milliseconds that a Retry-After header asks to wait (RFC 9110 section 10.2.3): seconds, or a date.
 * @param sent a list where it stands several times, which is none: nobody can tell which one is meant
 * @param now wall clock, milliseconds since the epoch
 * @returns 0 if there is none, or it says nothing
 */
export function retryAfterMs(sent: string | readonly string[] | undefined, now: number): number {
  const header = typeof sent === 'string' ? sent : '';
  if (header.trim() === '') return 0;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
