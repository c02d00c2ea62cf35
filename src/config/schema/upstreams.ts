import { Type } from 'typebox';
import { UpstreamTls } from './tls.ts';
import { ByName, Duration, HttpUrl, OneOf, Percent, Strict } from './units.ts';

export const Target = Strict({
  url: HttpUrl({ description: 'Origin of one instance, with a base path if need be.' }),
  weight: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 1 }),
  labels: Type.Record(Type.String(), Type.String(), { default: {} }),
});

export const Breaker = Strict({
  errorRate: Percent({
    default: '50%',
    description:
      'Share of requests whose last attempt had no answer, half of one, or a status from 500 on (of gRPC: what stands for one). What a retry made good is none.',
  }),
  minRequests: Type.Integer({
    minimum: 1,
    default: 20,
    description:
      'In the window, before it may open. Each worker counts its own requests; once one opens it, it is open in all.',
  }),
  window: Duration({ default: '10s' }),
  open: Duration({ default: '5s', description: 'Then one request at a time is let through as a probe.' }),
});

export const UpstreamTimeouts = Strict(
  {
    connect: Duration({
      default: '2s',
      description: 'To open a connection. 0s, here and below: as long as it takes.',
    }),
    response: Duration({ default: '30s', description: 'From the request sent to the response head.' }),
    idle: Duration({ default: '60s', description: 'Longest silence inside a response body.' }),
  },
  { default: {} },
);

export const Upstream = Strict({
  targets: Type.Array(Target, { minItems: 1 }),
  balance: OneOf(['round-robin', 'random', 'least-requests', 'ewma', 'hash'], {
    default: 'round-robin',
    description:
      'How a target is chosen: in turn, at random, the less busy of two, the sooner done of two (latency-aware), or always the same for the same asker.',
  }),
  hash: Type.Optional(
    Strict({
      by: OneOf(['header', 'cookie', 'consumer', 'address'], {
        default: 'address',
        description:
          'What `balance: hash` goes by, and only it: the address if it is left out. A request without it goes by the address of its client.',
      }),
      name: Type.String({ default: '', description: 'Of the header or cookie.' }),
    }),
  ),
  slowStart: Duration({
    default: '30s',
    description: 'In which the weight of a target that comes back grows to its whole. 0s: at once.',
  }),
  panic: Percent({
    default: '50%',
    description: 'Below this share of healthy targets all are used. 0%: never, then none healthy means 503.',
  }),
  dns: Strict(
    {
      refresh: Duration({
        default: '30s',
        description:
          'After which names of targets are resolved again where the DNS tells no time to live (hosts file, search domains). Connections to addresses that are gone are let go.',
      }),
    },
    { default: {} },
  ),
  host: OneOf(['client', 'target'], {
    default: 'client',
    description: 'The Host header that the upstream sees: the one the client sent, or the target’s own.',
  }),
  protocol: OneOf(['http1', 'http2'], {
    default: 'http1',
    description:
      'What targets speak. http2: agreed on by TLS for https targets, known beforehand (h2c) for http ones; gRPC needs it.',
  }),
  tls: Type.Optional(UpstreamTls),
  health: Type.Optional(
    Strict({
      path: Type.String({
        pattern: '^/[!-~]*$',
        default: '/healthz',
        description: 'From the origin, whatever the base path of the target.',
      }),
      interval: Duration({ default: '5s' }),
      timeout: Duration({ default: '1s' }),
      healthy: Type.Integer({
        minimum: 1,
        default: 2,
        description: 'Good answers in a row that bring it back.',
      }),
      unhealthy: Type.Integer({
        minimum: 1,
        default: 2,
        description: 'Bad answers in a row that take it out.',
      }),
      expect: Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), {
        default: [],
        description: 'Statuses that are good; 200 to 299 if none is named.',
      }),
    }),
  ),
  outlier: Type.Optional(
    Strict({
      consecutiveFailures: Type.Integer({
        minimum: 1,
        default: 5,
        description:
          'Attempts: no connection, no answer, half an answer, or a status from 500 on (of gRPC: what stands for one).',
      }),
      eject: Duration({
        default: '30s',
        description: 'How long it is out the first time; twice as long each time in a row.',
      }),
      maxEject: Duration({ default: '5m' }),
      maxEjected: Percent({
        default: '50%',
        description: 'Largest share of the targets out at once; of few, one.',
      }),
    }),
  ),
  breaker: Type.Optional(Breaker),
  retry: Type.Optional(
    Strict(
      {
        attempts: Type.Integer({
          minimum: 1,
          maximum: 10,
          default: 2,
          description: 'In all, the first included. Only what can be sent twice without harm is.',
        }),
        on: Type.Array(
          Type.Unsafe<number | 'connect' | 'reset' | 'timeout'>({
            anyOf: [
              { enum: ['connect', 'reset', 'timeout'] },
              { type: 'integer', minimum: 400, maximum: 599 },
            ],
          }),
          {
            default: ['connect', 'reset'],
            description: 'Failures and statuses after which it is tried again.',
          },
        ),
        budget: Percent({
          default: '20%',
          description:
            'Largest share of the requests of the last 10 s that are retried; at least 3. 0%: none.',
        }),
        maxWait: Duration({
          default: '1s',
          description:
            'The longest Retry-After that is waited for. An answer with a longer one is passed on.',
        }),
      },
      {
        description:
          'Without it only a connection that does not come about is tried at another target, as nothing was sent. attempts: 1 is no retry at all.',
      },
    ),
  ),
  hedge: Type.Optional(
    Strict(
      {
        after: Duration({
          default: '200ms',
          description: 'Without an answer by then a second target is asked.',
        }),
        budget: Percent({
          default: '10%',
          description: 'Largest share of the requests of the last 10 s that are hedged; at least 3.',
        }),
      },
      {
        description:
          'GET, HEAD and OPTIONS without a body: the faster of two targets answers. A failure of one is held back while the other may do better.',
      },
    ),
  ),
  timeouts: UpstreamTimeouts,
});

export const Upstreams = ByName(Upstream, { default: {} });
