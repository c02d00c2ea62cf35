import { type Static, Type } from 'typebox';
import type { HeaderBag, PolicyDescriptor } from '../../src/contracts/policy.ts';
import { originProblem, originTest } from './origins.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const HeaderName = Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" });

const Settings = Type.Object(
  {
    origins: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      examples: [['https://shop.example', 'https://*.shop.example']],
      description: 'Origins whose pages may call; "*" = any, which goes without credentials only.',
    }),
    methods: Type.Array(Type.Unsafe<(typeof METHODS)[number]>({ type: 'string', enum: [...METHODS] }), {
      default: [...METHODS],
      uniqueItems: true,
      description: 'Methods that scripts may use, of those that the route has.',
    }),
    headers: Type.Array(HeaderName, {
      default: [],
      description: 'Request headers that scripts may send; "*" = those they ask for.',
    }),
    expose: Type.Array(HeaderName, {
      default: [],
      description: 'Headers of the answer that scripts may read, such as ratelimit and x-request-id.',
    }),
    credentials: Type.Boolean({
      default: false,
      description: 'Whether pages may call with the cookies and certificates that the browser has.',
    }),
    maxAge: Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'duration',
      pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
      examples: ['10m'],
      default: '10m',
      description: 'How long a browser remembers the preflight answer.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Lets pages of other origins read the answers, errors too. Preflights are answered before anything else is asked, also where the route does not list OPTIONS. It keeps no request out: a browser does, and only from its own pages.',
  },
);
type Settings = Static<typeof Settings>;

/** What a browser asks for in a preflight; anything else in it is nobody's header. */
const ASKED_HEADERS = /^[\w!#$%&'*+.^`|~-]+(\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;
/** What an upstream says for itself must not contradict: the gateway says it. */
const OF_THE_UPSTREAM = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];
const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

function varyByOrigin(headers: HeaderBag): void {
  const before = headers.vary === undefined ? '' : String(headers.vary);
  if (before === '') headers.vary = 'Origin';
  else if (before !== '*' && !/(^|[\s,])origin($|[\s,])/i.test(before)) headers.vary = `${before}, Origin`;
}

/**
 * Not @fastify/cors: it answers preflights from a route of its own, whatever route the request itself would take, and
 * sets its headers on the reply when the request comes, where the answers of upstreams overwrite them and errors drop
 * them.
 */
const cors: PolicyDescriptor<Settings> = {
  name: 'cors',
  slot: 'admit',
  schema: Settings,
  check({ origins, credentials }) {
    if (credentials && origins.includes('*'))
      return 'origins: "*" with credentials would let every page act for its visitors: name the origins';
    return origins.map(originProblem).find((problem) => problem !== undefined);
  },
  create({ origins, methods, headers, expose, credentials, maxAge }) {
    const isAllowed = originTest(origins);
    const isForAll = origins.includes('*');
    const exposed = expose.join(', ');

    function allow(bag: HeaderBag, name: string): void {
      bag['access-control-allow-origin'] = isForAll ? '*' : name;
      if (credentials) bag['access-control-allow-credentials'] = 'true';
    }

    return {
      onPreflight(request, taken) {
        const asked = request.headers;
        const bag: HeaderBag = { vary: PREFLIGHT_VARY };
        if (asked.origin === undefined || !isAllowed(asked.origin)) return bag;
        allow(bag, asked.origin);
        bag['access-control-allow-methods'] = methods
          .filter((method) => taken?.includes(method) ?? true)
          .join(', ');
        const wanted = asked['access-control-request-headers'];
        const names = headers.includes('*')
          ? ASKED_HEADERS.test(wanted ?? '')
            ? wanted
            : ''
          : headers.join(', ');
        if (names) bag['access-control-allow-headers'] = names;
        bag['access-control-max-age'] = String(Math.floor(maxAge / 1000));
        return bag;
      },
      onResponseHeaders(bag, { headers: { origin } }) {
        for (const name of OF_THE_UPSTREAM) delete bag[name];
        if (!isForAll) varyByOrigin(bag);
        if (typeof origin !== 'string' || !isAllowed(origin)) return;
        allow(bag, origin);
        if (exposed !== '') bag['access-control-expose-headers'] = exposed;
      },
    };
  },
};

export default cors;
