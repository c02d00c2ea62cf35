import { hash, timingSafeEqual } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { PolicyConsumer, PolicyDescriptor, PolicyPorts } from '../../src/contracts/policy.ts';
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

function usersOf(settings: Settings, ports: PolicyPorts): Map<string, KnownUser> {
  const users = new Map<string, KnownUser>();
  for (const { name, sha256, consumer } of settings.users) {
    const known = ports.consumers.find((each) => each.name === consumer);
    if (known === undefined)
      throw new Error(
        `auth-basic: the user "${name}" is for the consumer "${consumer}", which does not exist`,
      );
    if (users.has(name)) throw new Error(`auth-basic: the user "${name}" is there twice`);
    users.set(name, { digest: Buffer.from(sha256, 'hex'), consumer: known });
  }
  return users;
}

const authBasic: PolicyDescriptor<Settings> = {
  name: 'auth-basic',
  slot: 'identify',
  schema: Settings,
  create(settings, ports) {
    const users = usersOf(settings, ports);
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
      ...(settings.forward
        ? {}
        : {
            onUpstreamHeaders(upstream) {
              // Credentials of another kind are of another policy, or meant for the upstream.
              const { authorization } = upstream;
              if (typeof authorization === 'string' && credentialsOf(authorization) !== undefined)
                delete upstream.authorization;
            },
          }),
    };
  },
};

export default authBasic;
