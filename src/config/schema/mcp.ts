import { type TSchema, Type } from 'typebox';
import { Concurrency, Policies, PriorityOf } from './routes.ts';
import { UpstreamTls } from './tls.ts';
import { ByName, Duration, HttpUrl, OneOf, Size, Strict } from './units.ts';
import { Breaker } from './upstreams.ts';

/** The two revisions that are spoken, on both sides. */
export const MCP_REVISIONS = ['2026-07-28', '2025-11-25'] as const;
export type McpRevision = (typeof MCP_REVISIONS)[number];

/** A name, or the beginning of names before a star. */
const Patterns = (what: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
    default: [],
    description: `${what}: names, or beginnings of names with "*" behind them; "*" is all.`,
  });

const Allow = Strict(
  {
    consumers: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Names of consumers; whom a token names is called `jwt:NAME`.',
      }),
    ),
    groups: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    anyone: Type.Boolean({ default: false, description: 'Whoever the policies let in, named or not.' }),
    tools: Patterns('Tools that they may see and call'),
    prompts: Patterns('Prompts that they may see and get'),
    resources: Patterns('Resources that they may see and read, by URI'),
  },
  { description: 'What some may use. Of several rules, any is enough; what no rule allows is not there.' },
);

const ToolLimit = Strict({
  limit: Type.Integer({ minimum: 1, description: 'Calls in a window.' }),
  window: Duration({ default: '1m' }),
  per: OneOf(['consumer', 'tool'], { default: 'consumer', description: 'tool = all consumers together.' }),
});

const Tool = Strict({
  rateLimit: Type.Optional(ToolLimit),
  usd: Type.Number({ minimum: 0, default: 0, description: 'What a call costs, for budgets.' }),
  budget: Type.Optional(
    Strict({
      calls: Type.Optional(Type.Integer({ minimum: 1 })),
      usd: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
      per: Duration({ default: '1d' }),
      onStoreDown: OneOf(['allow', 'deny'], {
        default: 'allow',
        description:
          'While the store does not answer: let calls pass, uncounted and with a warning, or answer 503.',
      }),
    }),
  ),
  sha256: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{64}$',
      description:
        'Of the tool’s definition in canonical form (RFC 8785), as `GET /api/mcp/tools` shows it. Absent: the first one that is seen is trusted.',
    }),
  ),
});

const Server = Strict({
  url: Type.Optional(
    HttpUrl({ description: 'Its endpoint (Streamable HTTP): https://tools.example.com/mcp.' }),
  ),
  command: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: 'Or the program that is started and spoken to over stdio, with its arguments.',
    }),
  ),
  env: Type.Record(Type.String(), Type.String(), {
    default: {},
    description:
      'Of the program, beside PATH, HOME and the like. Nothing else of the gateway’s environment is seen.',
  }),
  cwd: Type.Optional(Type.String()),
  headers: Type.Record(Type.String(), Type.String(), {
    default: {},
    description: 'Sent with every request. The client’s own credentials never are.',
  }),
  auth: Type.Optional(
    Strict({
      token: Type.String({
        minLength: 1,
        description: 'Sent as Authorization: Bearer. ${VAR} or ${file:PATH}.',
      }),
    }),
  ),
  tls: Type.Optional(UpstreamTls),
  breaker: Type.Optional(Breaker),
  revisions: Type.Optional(
    Type.Array(OneOf(MCP_REVISIONS), {
      minItems: 1,
      uniqueItems: true,
      description: 'What it speaks. Absent: it is asked when it is first needed.',
    }),
  ),
  timeouts: Strict(
    {
      connect: Duration({ default: '2s' }),
      response: Duration({ default: '60s', description: 'From a request sent to the head of its answer.' }),
      idle: Duration({
        default: '5m',
        description: 'Longest silence in a stream; listening streams have none.',
      }),
    },
    { default: {} },
  ),
  process: Strict(
    {
      max: Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 16,
        description: 'Programs that may run at once in this gateway: each session has its own.',
      }),
      idle: Duration({
        default: '10m',
        description: 'One that nobody has asked anything for so long is ended.',
      }),
      restarts: Type.Integer({
        minimum: 0,
        default: 5,
        description: 'How often a minute one that ended by itself is started again.',
      }),
    },
    { default: {} },
  ),
  onSessionLost: OneOf(['reinitialize', 'notFound'], {
    default: 'reinitialize',
    description:
      'When the server has forgotten a session (2025-11-25): open a new one there behind the client’s back, or answer 404, so that the client begins anew.',
  }),
  allow: Type.Array(Allow, { default: [], description: 'Who may use what. Without it: nobody anything.' }),
  tools: Type.Record(Type.String({ minLength: 1 }), Tool, {
    default: {},
    description: 'By the server’s own names.',
  }),
  results: Strict(
    {
      maxSize: Size({ default: '4mb', description: 'Of one message; larger ones become errors.' }),
    },
    { default: {} },
  ),
  pin: OneOf(['enforce', 'report', 'off'], {
    default: 'enforce',
    description:
      'What happens when the definition of a tool changes: it is out of use until somebody approves it, it is only reported, or nothing.',
  }),
  inspect: Duration({
    default: '5m',
    description:
      'How often the gateway looks at the tools by itself; a program is looked at while it runs. Also before the first call, and when the server says that they have changed.',
  }),
});

const Resource = Strict(
  {
    url: HttpUrl({
      description: 'Where clients reach this gateway: https://gateway.example.com. Paths are added to it.',
    }),
    authorizationServers: Type.Array(Type.String({ pattern: '^https?://[^\\s]+$' }), {
      minItems: 1,
      description: 'Issuers of tokens for it, as auth-jwt has them.',
    }),
    scopes: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'That tokens may have.' }),
    documentation: Type.Optional(HttpUrl({ description: 'A page for people who write clients.' })),
  },
  {
    description:
      'What clients are told about tokens (RFC 9728): at /.well-known/oauth-protected-resource/PREFIX/SERVER, to which every 401 points. Tokens are checked by auth-jwt in mcp.policies, their audience too.',
  },
);

export const Mcp = (policies: Readonly<Record<string, TSchema>>) =>
  Strict(
    {
      prefix: Type.String({ pattern: '^/[A-Za-z0-9/_-]*[A-Za-z0-9_-]$', default: '/mcp' }),
      policies: Policies(policies),
      resource: Type.Optional(Resource),
      priority: PriorityOf('calls to MCP servers'),
      concurrency: Type.Optional(Concurrency),
      servers: ByName(Server, { default: {} }),
      hosts: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description:
            'Host names under which it may be called. Absent: on a loopback address its names, else any; see origins.',
        }),
      ),
      origins: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: 'Host names of web pages that may call it, beside pages on a loopback address.',
      }),
      stateKey: Type.Optional(
        Type.String({
          minLength: 32,
          description:
            'Seals what clients carry between requests; the same in all replicas. Absent: one is made and kept in the store.',
        }),
      ),
      session: Strict(
        {
          ttl: Duration({ default: '1h', description: 'A session that was not used for so long is gone.' }),
          events: Type.Integer({
            minimum: 1,
            maximum: 100_000,
            default: 1000,
            description: 'Messages of a stream that are kept for a client that comes back.',
          }),
        },
        { default: {} },
      ),
    },
    { default: {} },
  );
