import { hash, timingSafeEqual } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { PolicyConsumer, PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { credentialsOf } from './credentials.ts';

const User = Type.Object(
  {
    name: Type.String({
      pattern: '^[^:\\x00-\\x1f\\x7f]{1,128}$',
      description: 'What the machine says it is.',
    }),
    sha256: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description:
        'SHA-256 of the password, lower-case hex. A fast hash: the password must be long and random, as for a machine.',
    }),
    consumer: Type.String({ minLength: 1, description: 'The consumer that it is for the gateway.' }),
  },
  { additionalProperties: false },
);

const Settings = Type.Object(
  {
    realm: Type.String({
      default: 'gateway',
      pattern: '^[A-Za-z0-9 ._-]{1,64}$',
      description: 'What clients are told they log in to.',
    }),
    users: Type.Array(User, { minItems: 1, description: 'Who may pass. Names must differ.' }),
    forward: Type.Boolean({
      default: false,
      description: 'Whether the upstream gets to see the credentials.',
    }),
  },
  { additionalProperties: false, description: 'Lets in machines by name and password (RFC 7617).' },
);
type Settings = Static<typeof Settings>;

interface KnownUser {
  readonly digest: Buffer;
  readonly consumer: PolicyConsumer | undefined;
}

/** Whom an unknown name is compared with, so that it costs what a wrong password costs. No password has this digest. */
const NOBODY: KnownUser = { digest: Buffer.alloc(32), consumer: undefined };

const usersOf = (settings: Settings, consumers: readonly PolicyConsumer[]): Map<string, KnownUser> =>
  new Map(
    settings.users.map(({ name, sha256, consumer }) => [
      name,
      {
        digest: Buffer.from(sha256, 'hex'),
        consumer: consumers.find((each) => each.name === consumer),
      },
    ]),
  );

const authBasic: PolicyDescriptor<Settings> = {
  name: 'auth-basic',
  slot: 'identify',
  schema: Settings,
  check({ users }, { consumers }) {
    for (const [i, { name, consumer }] of users.entries()) {
      if (!consumers.some((each) => each.name === consumer))
        return `users[${i}]: the user "${name}" is for the consumer "${consumer}", which does not exist`;
      if (users.findIndex((each) => each.name === name) < i)
        return `users[${i}]: the user "${name}" is there twice`;
    }
    return undefined;
  },
  create(settings, { consumers }) {
    const users = usersOf(settings, consumers);
    const headers = { 'www-authenticate': `Basic realm="${settings.realm}", charset="UTF-8"` };
    const wrong = (cause: string): GatewayError =>
      new GatewayError('auth_credentials_wrong', { headers, cause });
    return {
      onRequest(exchange, request) {
        const credentials = credentialsOf(request.headers.authorization);
        if (credentials === undefined) return new GatewayError('auth_credentials_missing', { headers });
        if (credentials === null) return wrong('the Authorization header is malformed');
        const user = users.get(credentials.name) ?? NOBODY;
        const isRight = timingSafeEqual(hash('sha256', credentials.password, 'buffer'), user.digest);
        if (user.consumer === undefined) return wrong('the user is not known');
        if (!isRight) return wrong(`the password of the user "${credentials.name}" is wrong`);
        exchange.consumer = user.consumer.name;
        exchange.consumerGroups = user.consumer.groups;
        return undefined;
      },
      credentialIn: ({ authorization }) =>
        String(authorization).trimStart().toLowerCase().startsWith('basic') ? 'authorization' : undefined,
      ...(settings.forward
        ? {}
        : {
            onUpstreamHeaders(upstream) {
              // Credentials of another kind are of another policy, or meant for the upstream.
              const { authorization } = upstream;
              if (typeof authorization === 'string' && credentialsOf(authorization) !== undefined)
                upstream.authorization = undefined;
            },
          }),
    };
  },
};

export default authBasic;
