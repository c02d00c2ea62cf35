import { hash } from 'node:crypto';

/** What digests of one tenant are keyed with; '' = nothing. */
interface Keyed {
  readonly secret: string;
}

const digest = (secret: string, tenant: string, text: string): string =>
  hash('sha256', `${secret}\n${tenant}\n${text}`);

const userDigest = (secret: string, tenant: string, user: string): string =>
  user === '' ? '' : digest(secret, tenant, `user ${user}`).slice(0, 32);

/** How an end user stands in the store; '' = none is named. */
export const ownerOf = ({ secret }: Keyed, tenant: string, user: string): string =>
  userDigest(secret, tenant, user);

/** All digests that an end user may stand by: also that of before anything was sealed. */
export const ownersOf = ({ secret }: Keyed, tenant: string, user: string): string[] => [
  ...new Set([userDigest(secret, tenant, user), userDigest('', tenant, user)]),
];

/** How a client's idempotency key stands in the store. */
export const requestKeyOf = ({ secret }: Keyed, tenant: string, key: string): string =>
  digest(secret, tenant, key);
