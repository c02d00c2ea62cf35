import type { Charge, Claim } from '../contracts/budget.ts';
import type { Limit } from '../contracts/store.ts';

/** What every store refuses the same way, before anything is sent or written. */

/** Longest key, collection name or id, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 512;

/** Tokens of a bucket. Above it a millionth of a token, which is how exactly levels are compared, gets lost in a float. */
const MAX_BURST = 1e9;

const DEFAULT_LIST = 100;
const MAX_LIST = 1000;

/** Throws `RangeError` unless `name` is well-formed Unicode of 1 to 512 bytes. `what` names it in the message. */
export function checkName(
  what: 'collection' | 'id' | 'counter key' | 'budget key' | 'reservation' | 'limit' | 'log',
  name: string,
): void {
  if (typeof name !== 'string' || name === '') throw new RangeError(`a ${what} must not be empty`);
  // A UTF-16 unit is at most three bytes, so that most names need no count.
  if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new RangeError(`a ${what} has at most ${MAX_NAME_BYTES} bytes`);
  }
  // Two ids that differ in a lone surrogate would become one once written as UTF-8.
  if (!name.isWellFormed()) throw new RangeError(`a ${what} must be well-formed Unicode`);
}

/** Throws `RangeError` unless `by` is whole and `windowMs` is whole and at least 1. */
export function checkStep(key: string, by: number, windowMs: number): void {
  checkName('counter key', key);
  if (!Number.isSafeInteger(by)) throw new RangeError(`a counter step must be a whole number, not ${by}`);
  if (!Number.isSafeInteger(windowMs) || windowMs < 1) {
    throw new RangeError(`a counter window must be whole milliseconds, at least 1, not ${windowMs}`);
  }
}

/** Throws `RangeError` unless the limits can be counted. */
export function checkTake(scope: string, limits: readonly Limit[], cost: number): void {
  if (!Number.isSafeInteger(cost) || cost < 0) throw new RangeError(`a cost must be whole, not ${cost}`);
  for (const { key, limit, windowMs, algorithm, burst } of limits) {
    checkName('limit', scope + key);
    if (!Number.isSafeInteger(limit) || limit < 0)
      throw new RangeError(`a limit must be whole, not ${limit}`);
    if (!Number.isSafeInteger(windowMs) || windowMs < 1) {
      throw new RangeError(`a window must be whole milliseconds, at least 1, not ${windowMs}`);
    }
    if (algorithm === 'token-bucket' && !(limit >= 1 && burst >= 1 && burst <= MAX_BURST)) {
      throw new RangeError(`a token bucket needs a limit of at least 1 and a burst from 1 to ${MAX_BURST}`);
    }
  }
}

/** The document as JSON. Throws `TypeError` for what JSON can't hold (undefined, a function, a cycle, a bigint). */
export function encode(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError('a document must be a JSON value');
  return json;
}

/** Whole milliseconds to live, at least 1: a caller's rest of time may have come to nothing. */
export function checkTtl(ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined;
  if (!Number.isFinite(ttlMs)) throw new RangeError(`ttlMs must be a number of milliseconds, not ${ttlMs}`);
  return Math.max(1, Math.ceil(ttlMs));
}

/** Throws `RangeError` unless a place is '' or one of those that a store gives. */
export function checkPlace(place: string, pattern: RegExp): void {
  if (place !== '' && !pattern.test(place)) throw new RangeError('there is no such place in a log');
}

/** How many documents a list may give: 100 unless told, never more than 1000. */
export function checkLimit(limit: number = DEFAULT_LIST): number {
  return Math.max(0, Math.min(MAX_LIST, Math.floor(limit)));
}

/** Budgets of one call: each of a person's groups may have several. More would be a fault of ours. */
const MAX_CLAIMS = 1024;

/** Throws `RangeError` unless these are at most 1024 claims or charges of whole units on different keys. */
export function checkClaims(id: string, claims: readonly (Claim | Charge)[]): void {
  checkName('reservation', id);
  if (claims.length > MAX_CLAIMS) throw new RangeError(`a call has at most ${MAX_CLAIMS} budgets`);
  const keys = new Set<string>();
  for (const claim of claims) {
    checkName('budget key', claim.key);
    keys.add(claim.key);
    checkWhole('amount', claim.amount);
    checkWhole('endsAt', claim.endsAt);
    if ('limit' in claim) checkWhole('limit', claim.limit);
  }
  if (keys.size < claims.length) throw new RangeError('a call draws on a budget once');
}

function checkWhole(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`a budget's ${what} must be whole and at least 0, not ${value}`);
}

/** Throws `RangeError` unless a lease is whole milliseconds, at least 1. */
export function checkLease(leaseMs: number): void {
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1)
    throw new RangeError(`a lease must be whole milliseconds, at least 1, not ${leaseMs}`);
}
