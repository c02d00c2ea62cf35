import type { ModelConfig } from '../../config/schema/index.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Credential } from './credential.ts';
import type { Deployment } from './deployment.ts';
import type { RestReason } from './rest.ts';

/** How an attempt failed. */
export interface Failure {
  /** That was answered; 0 = none that counts. */
  readonly status: number;
  /** The provider says that its account is spent: see `quota-spent.ts`. */
  readonly isQuotaSpent: boolean;
  /** The provider says that it is about the one request: see `own-refusal.ts`. */
  readonly isOwn: boolean;
  /** Nobody is there who could answer: see `nobody-there.ts`. */
  readonly isNobody: boolean;
  /** Milliseconds for which the provider asked to be left alone; 0 = it did not say. */
  readonly retryAfterMs: number;
}

/** Of a failure without an answer. */
export const UNSAID: Failure = {
  status: 0,
  isQuotaSpent: false,
  isOwn: false,
  isNobody: false,
  retryAfterMs: 0,
};

/** What a failure says, and of what: of the target, of the key for this model, or of the key's whole account. */
export interface Verdict {
  readonly of: 'target' | 'key' | 'account';
  readonly reason: RestReason | '';
  /** It says nothing of the others: one of them is asked, whatever `retry.on` names. */
  readonly isElsewhere: boolean;
}

/** Refusals of one request that go by who asks: a limit of the key, what it may do, what its account can pay for. */
const OF_THE_KEY: ReadonlySet<number> = new Set([401, 402, 429]);

/** The code for a refusal that speaks of the gateway's key or account, which is nothing that its client could mend. */
export function oursToMend({ status, isQuotaSpent, isOwn, isNobody }: Failure): ErrorCode | undefined {
  if (isQuotaSpent || status === 402) return 'provider_quota_spent';
  // A provider's 401 is about the gateway's key, and its text may quote it.
  return !isOwn && !isNobody && (status === 401 || status === 403) ? 'provider_auth_failed' : undefined;
}

export function verdictOf({ status, isQuotaSpent, isOwn, isNobody }: Failure): Verdict {
  const elsewhere = { isElsewhere: true };
  // What a provider's moderator flags it flags for all of its keys.
  if (isOwn) return { of: OF_THE_KEY.has(status) ? 'key' : 'target', reason: '', ...elsewhere };
  if (isNobody) return { of: 'target', reason: 'down', ...elsewhere };
  if (isQuotaSpent || status === 402) return { of: 'account', reason: 'quota_spent', ...elsewhere };
  if (status === 401) return { of: 'account', reason: 'auth_failed', ...elsewhere };
  // A key may be good and yet not for this model.
  if (status === 403) return { of: 'key', reason: 'auth_failed', ...elsewhere };
  if (status === 429) return { of: 'key', reason: 'rate_limited', ...elsewhere };
  return { of: 'target', reason: status === 0 || status >= 500 ? 'down' : '', isElsewhere: false };
}

/**
 * Leaves alone what failed: for as long as the provider asked, else for as long as the config says. A target is only
 * taken to be down when it says so with a Retry-After, or has failed several times in a row.
 *
 * @param now milliseconds, monotonic
 */
export function coolDown(
  deployment: Deployment,
  credential: Credential,
  failure: Failure,
  settings: ModelConfig['cooldown'],
  now: number,
): void {
  const { of, reason } = verdictOf(failure);
  if (reason === '') return;
  const { load } = deployment;
  if (reason === 'down' && failure.retryAfterMs === 0 && load.failures < settings.failures) return;
  const ms = failure.retryAfterMs || settings[SETTINGS[reason]];
  const rest = of === 'target' ? load.rest : of === 'key' ? credential.limit : credential.account;
  rest.begin(reason, Math.min(ms, settings.most), now);
}

const SETTINGS = {
  rate_limited: 'rateLimited',
  quota_spent: 'quotaSpent',
  auth_failed: 'authFailed',
  down: 'down',
} as const;
