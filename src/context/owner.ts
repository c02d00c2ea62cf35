import { hash } from 'node:crypto';

/** What digests of one tenant are keyed with; '' = nothing. */
interface Keyed {
  readonly secret: string;
}

const digest = (secret: string, tenant: string, text: string): string =>
  hash('sha256', `${secret}\n${tenant}\n${text}`);

/** And what they were keyed with before. */
interface Rekeyed extends Keyed {
  readonly formerSecrets: readonly string[];
}

/** How an end user stands in the store; '' = none is named. */
const userDigest = (secret: string, tenant: string, user: string): string =>
  user === '' ? '' : digest(secret, tenant, `user ${user}`).slice(0, 32);

/** All digests that an end user may stand by, today's first: also those of before anything was sealed. */
export const ownersOf = ({ secret, formerSecrets }: Rekeyed, tenant: string, user: string): string[] => [
  ...new Set([secret, ...formerSecrets].map((each) => userDigest(each, tenant, user))),
];

/** How a client's idempotency key stands in the store. */
export const requestKeyOf = ({ secret }: Keyed, tenant: string, key: string): string =>
  digest(secret, tenant, key);

/** The session of a request that begins one without a name, and has an idempotency key: sent again it is the same one. */
export const sessionOfKey = ({ secret }: Keyed, tenant: string, user: string, key: string): string =>
  `sess_${digest(secret, tenant, `session ${user.length} ${user}${key}`).slice(0, 32)}`;

/** The digest that a user stands by now; made only when it is asked for, which may be long after what they said is let go. */
export const speakerOf =
  (keyed: Rekeyed, tenant: string, user: string): (() => string) =>
  () =>
    ownersOf(keyed, tenant, user)[0] ?? '';
