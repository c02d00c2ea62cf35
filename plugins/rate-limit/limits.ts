import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyRequest } from '../../src/contracts/policy.ts';
import type { Limit, LimitState } from '../../src/contracts/store.ts';
import { calendar } from './calendar.ts';
import { type LimitSettings, limitSettings, type Settings } from './settings.ts';
import { type Subject, subjectName, subjectOf } from './subject.ts';

/** One limit of the policy, made once a generation. */
export interface PolicyLimit {
  /** For clients: unique in the policy. */
  readonly name: string;
  /** For the log. */
  readonly text: string;
  /** `q` and `w` of RateLimit-Policy: of a token bucket its rate. What may come at once is `r` of RateLimit. */
  readonly limit: number;
  /** Of the window that a request falls into: months differ. */
  windowSeconds(exchange: Exchange): number;
  /** What the store is asked for a request. */
  of(exchange: Exchange, request: PolicyRequest): Limit;
  /** Milliseconds from the request until there is more, and until it may come again. */
  resetMs(state: LimitState, exchange: Exchange): number;
  waitMs(state: LimitState, exchange: Exchange): number;
}

function windowLimit(
  settings: LimitSettings & { limit: number; window: number },
  subject: Subject,
): PolicyLimit {
  const { name, limit, window, algorithm, burst = limit, per } = settings;
  const windowMs = Math.ceil(window);
  const windowSeconds = Math.ceil(windowMs / 1000);
  // Without a name of its own it is known by all that it says, so that no two limits ever share counts.
  const prefix = `${name ?? `${limit}/${burst}`}:${algorithm}:${windowMs}:${per}\n`;
  let last: Limit | undefined;
  let lastSubject = '';
  return {
    name: name ?? subjectName(per),
    text: `${limit} in ${windowMs} ms per ${per}`,
    limit,
    windowSeconds: () => windowSeconds,
    of(exchange, request) {
      const mine = subject(exchange, request);
      if (last !== undefined && mine === lastSubject) return last;
      last = { key: prefix + mine, algorithm, limit, windowMs, burst };
      lastSubject = mine;
      return last;
    },
    resetMs: (state) => state.resetMs,
    waitMs: (state) => state.waitMs,
  };
}

/**
 * A period is a fixed window whose key names it. The window is as long as the period, so it never ends before it does;
 * when it ends for clients is read off the calendar.
 */
function quotaLimit(
  { name, per }: LimitSettings,
  quota: NonNullable<LimitSettings['quota']>,
  subject: Subject,
): PolicyLimit {
  const periodAt = calendar(quota.per);
  const prefix = `${name ?? quota.limit}:quota:${per}\n`;
  const untilEnd = ({ startedAt }: Exchange): number => periodAt(startedAt).endsAt - startedAt;
  return {
    name: `${name ?? subjectName(per)}-${quota.per}`,
    text: `${quota.limit} a ${quota.per} per ${per}`,
    limit: quota.limit,
    windowSeconds({ startedAt }) {
      const { startsAt, endsAt } = periodAt(startedAt);
      return (endsAt - startsAt) / 1000;
    },
    of(exchange, request) {
      const period = periodAt(exchange.startedAt);
      return {
        key: `${period.name}:${prefix}${subject(exchange, request)}`,
        algorithm: 'fixed-window',
        limit: quota.limit,
        windowMs: period.endsAt - period.startsAt,
        burst: quota.limit,
      };
    },
    resetMs: (_state, exchange) => untilEnd(exchange),
    waitMs: (state, exchange) => (state.waitMs > 0 ? untilEnd(exchange) : 0),
  };
}

/** The field RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11), written anew only when a window's length changes. */
export function policyFieldOf(limits: readonly PolicyLimit[]): (exchange: Exchange) => string {
  let windows: readonly number[] = [];
  let field = '';
  return (exchange) => {
    if (windows.length > 0 && limits.every((limit, i) => limit.windowSeconds(exchange) === windows[i]))
      return field;
    windows = limits.map((limit) => limit.windowSeconds(exchange));
    // Names are tokens, so that they need no escaping as strings.
    field = limits.map(({ name, limit }, i) => `"${name}";q=${limit};w=${windows[i]}`).join(', ');
    return field;
  };
}

/** @param settings without problem */
export function policyLimits(settings: Settings): readonly PolicyLimit[] {
  const limits = limitSettings(settings).flatMap((each) => {
    const subject = subjectOf(each.per);
    const { limit, window, quota } = each;
    return [
      ...(limit !== undefined && window !== undefined
        ? [windowLimit({ ...each, limit, window }, subject)]
        : []),
      ...(quota === undefined ? [] : [quotaLimit(each, quota, subject)]),
    ];
  });
  return limits.map((limit, i) => {
    const before = limits.slice(0, i).filter(({ name }) => name === limit.name).length;
    return before === 0 ? limit : { ...limit, name: `${limit.name}-${before + 1}` };
  });
}
