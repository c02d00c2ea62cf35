import { type Static, Type } from 'typebox';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { scopeOf } from './scope.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const Named = Type.String({ minLength: 1, maxLength: 256 });

const Settings = Type.Object(
  {
    groups: Type.Optional(Type.Array(Named, { minItems: 1, description: 'Who is in one of them may pass.' })),
    consumers: Type.Optional(
      Type.Array(Named, {
        minItems: 1,
        description: 'Who is one of them may pass too. Whom a token names is called `jwt:NAME`.',
      }),
    ),
    claims: Type.Optional(
      Type.Record(Named, Type.Array(Type.String(), { minItems: 1 }), {
        minProperties: 1,
        description:
          'Whose token has in each of these claims one of the values; beside groups or consumers, both must hold. The claims must be listed under `claims` of auth-jwt, or nobody passes.',
      }),
    ),
    methods: Type.Optional(
      Type.Array(Type.Unsafe<(typeof METHODS)[number]>({ type: 'string', enum: [...METHODS] }), {
        minItems: 1,
        description:
          'The rule is about these methods only; GET means HEAD too, and a method that X-HTTP-Method-Override asks for counts like the request’s own. All if it is left out.',
      }),
    ),
    paths: Type.Optional(
      Type.Array(Type.String({ pattern: '^/[^?#%;]*$' }), {
        minItems: 1,
        description:
          'The rule is about these paths and those below them only, however they may be read: `/admin` is also `/Admin/x`, `/admin;a/x` and `/admin.`. All if it is left out.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'Lets in who is in one of the groups or is one of the consumers, and has the claims. Of several rules a route has, all must agree.',
  },
);
type Settings = Static<typeof Settings>;

/** A 401 names a way to authenticate (RFC 9110 section 15.5.2); which of them the route has is not known here. */
const CHALLENGE = { 'www-authenticate': 'Bearer' };

function ruleText({ groups, consumers, claims = {} }: Settings): string {
  const who = [groups && `groups ${groups.join(', ')}`, consumers && `consumers ${consumers.join(', ')}`];
  const has = Object.entries(claims).map(([name, values]) => `claim ${name} ${values.join(', ')}`);
  return [who.filter(Boolean).join(' or '), ...has].filter(Boolean).join(' and ');
}

const authorize: PolicyDescriptor<Settings> = {
  name: 'authorize',
  slot: 'admit',
  schema: Settings,
  check({ groups, consumers, claims }) {
    return (groups ?? consumers ?? claims)
      ? undefined
      : 'needs groups, consumers or claims, or nobody could ever pass';
  },
  create(settings, ports) {
    const groups = new Set(settings.groups);
    const consumers = new Set(settings.consumers);
    const isAbout = scopeOf(settings.methods, settings.paths, ports);
    const wants = `wants ${ruleText(settings)}`;
    const isForAll = settings.groups === undefined && settings.consumers === undefined;
    const claims = Object.entries(settings.claims ?? {});
    const isNamed = (exchange: Exchange): boolean => {
      if (isForAll || consumers.has(exchange.consumer)) return true;
      for (const group of exchange.consumerGroups) if (groups.has(group)) return true;
      return false;
    };
    const hasClaims = ({ consumerClaims }: Exchange): boolean =>
      claims.every(
        ([name, values]) =>
          Object.hasOwn(consumerClaims, name) &&
          consumerClaims[name]?.some((value) => values.includes(value)),
      );
    return {
      onRequest(exchange, { headers }) {
        if (!isAbout(exchange, headers)) return undefined;
        if (exchange.consumer === '')
          return new GatewayError('auth_required', { cause: wants, headers: CHALLENGE });
        return isNamed(exchange) && hasClaims(exchange)
          ? undefined
          : new GatewayError('not_authorized', { cause: wants });
      },
    };
  },
};

export default authorize;
