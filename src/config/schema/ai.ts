import { type TSchema, Type } from 'typebox';
import { PROVIDER_KINDS } from '../provider-kinds.ts';
import { AiCache } from './ai-cache.ts';
import { AiShadow } from './ai-shadow.ts';
import { Budgets, LedgerSection, Loops } from './budgets.ts';
import { Partials, Prompt } from './prompts.ts';
import { Concurrency, Policies, PriorityOf } from './routes.ts';
import { ByName, Duration, HttpUrl, NAME_PATTERN, OneOf, Percent, Strict } from './units.ts';

/** A part of an address or a credential. */
const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
/** Goes into a host name or a path. */
const Name = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$', description }));

const ModelTimeouts = Strict(
  {
    connect: Duration({ default: '2s' }),
    firstToken: Duration({
      default: '60s',
      description:
        'From the request sent to the first token of a stream (text, reasoning or a tool call; a role alone is none). What isn’t streamed begins when it is whole, and has `total`.',
    }),
    idle: Duration({ default: '60s', description: 'Longest silence inside a stream that has begun.' }),
    total: Duration({ default: '10m', description: 'From the request sent to the end of the answer.' }),
  },
  { default: {} },
);

const Cooldown = Strict(
  {
    rateLimited: Duration({
      default: '5s',
      description: 'A key that got 429, for the model that it was used for.',
    }),
    quotaSpent: Duration({ default: '10m', description: 'A key whose account is spent.' }),
    authFailed: Duration({ default: '1m', description: 'A key that was refused.' }),
    down: Duration({ default: '5s', description: 'A target that failed `failures` times in a row.' }),
    failures: Type.Integer({ minimum: 1, default: 3 }),
    most: Duration({ default: '10m', description: 'The longest Retry-After that is obeyed.' }),
  },
  {
    default: {},
    description:
      'How long a target or key that failed is left alone where the provider sent no Retry-After. When all rest, the one with the shortest rest left is tried.',
  },
);

const Provider = Strict({
  kind: OneOf(PROVIDER_KINDS),
  baseUrl: Type.Optional(
    HttpUrl({ description: 'Base of the API: https://api.openai.com/v1. Absent: where this kind is.' }),
  ),
  apiKey: Text('The key sent to the provider: ${VAR} or ${file:PATH}.'),
  apiKeys: Type.Optional(
    Type.Array(
      Strict({
        id: Type.String({ pattern: NAME_PATTERN, description: 'Names the key in logs and metrics.' }),
        apiKey: Type.String({ minLength: 1 }),
        weight: Type.Integer({ minimum: 0, default: 1 }),
      }),
      {
        minItems: 1,
        description:
          'Several keys in place of apiKey: they take turns, and each rests by itself when it is limited, spent or refused.',
      },
    ),
  ),
  account: Name('Cloudflare: the id of the account.'),
  region: Name('Bedrock: us-east-1. Vertex: europe-west4, or global.'),
  accessKeyId: Text('Bedrock: the id of the access key that calls are signed with.'),
  secretAccessKey: Text('Bedrock: the access key that calls are signed with.'),
  sessionToken: Text('Bedrock: of temporary credentials.'),
  project: Name('Vertex: the id of the project.'),
  serviceAccount: Text(
    'Vertex: the JSON key of a service account, ${file:PATH}. A token can stand in apiKey instead.',
  ),
  tokenUrl: Type.Optional(
    HttpUrl({
      description:
        'Vertex: where a service account gets its tokens. Absent: https://oauth2.googleapis.com/token.',
    }),
  ),
  apiVersion: Name('Azure: 2024-10-21 for deployment URLs. Absent: the base URL is that of the v1 API.'),
  passthrough: Type.Boolean({
    default: false,
    description:
      'Serves <prefix>/providers/<name>/* from the base URL, in the provider’s own words and with its key, under the policies and budgets of the AI routes.',
  }),
  passthroughPaths: Type.Optional(
    Type.Array(Type.String({ pattern: '^/[^?#*]*\\*?$' }), {
      minItems: 1,
      description:
        'Paths below the base URL that pass, and no others: /v1/messages, or /files/* for all that lie below. Absent: every path; where several consumers are served, only what asks models or lists them, and nothing that the account keeps for all (files, batches, stored answers).',
    }),
  ),
  passthroughTimeouts: ModelTimeouts,
  passthroughCooldown: Cooldown,
  drop: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description:
      'Fields of requests, by the client’s own name for them ("seed", "temperature"), that are left out because this provider can’t carry them or its models refuse them. Absent: a request with one that it can’t carry gets 400 field_not_supported.',
  }),
});

const ModelTarget = Strict({
  provider: Type.String(),
  model: Type.String({ minLength: 1, description: 'The provider’s own name of the model.' }),
  version: Type.String({ default: '' }),
  weight: Type.Integer({ minimum: 0, default: 1 }),
  maxOutput: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'Output tokens that are asked for where a client sets no limit and the vendor wants one (Anthropic), beside those for thinking; absent: 8192.',
    }),
  ),
});

const When = Strict(
  {
    tokens: Type.Optional(
      Type.String({
        pattern: '^[<>]=?\\d+$',
        examples: ['>8000'],
        description:
          'Of the input, what was said before in its conversation included: estimated at three bytes of text a token, and 1,600 a picture.',
      }),
    ),
    header: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'Headers with exactly these values.' }),
    ),
    group: Type.Optional(Type.String({ description: 'A group of the consumer.' })),
    tools: Type.Optional(Type.Boolean({ description: 'Whether the call brings tools.' })),
    image: Type.Optional(Type.Boolean({ description: 'Whether an image is in the conversation.' })),
    region: Type.Optional(Type.String({ description: 'Where the client is: see ai.regionHeader.' })),
  },
  { minProperties: 1 },
);

const Model = Strict({
  targets: Type.Optional(Type.Array(ModelTarget, { minItems: 1 })),
  rules: Type.Optional(
    Type.Array(
      Strict({
        when: Type.Optional(
          Type.String({
            'x-regex': true,
            maxLength: 1000,
            description: 'Regular expression (RE2), found anywhere in what the user said last, in any case.',
          }),
        ),
        reply: Type.String(),
      }),
      {
        minItems: 1,
        description:
          'Replies in place of a model: the first that fits. Tried after all models, unless the request itself is refused.',
      },
    ),
  ),
  routes: Type.Array(Strict({ when: When, model: Type.String() }), {
    default: [],
    description: 'Calls that go to another model instead: the first whose conditions all hold.',
  }),
  fallback: Type.Array(Type.String(), {
    default: [],
    description: 'Models tried in order, only before the first byte has reached the client.',
  }),
  strategy: OneOf(['weighted', 'latency', 'cost', 'load'], {
    default: 'weighted',
    description:
      'How a target is chosen: in turn by weight, the sooner done of two (by time to first token), the cheapest for the call, or the less busy of two.',
  }),
  sticky: OneOf(['none', 'consumer', 'session', 'user'], {
    default: 'none',
    description:
      'Always the same target for the same consumer, session or end user, shared out by weight (A/B). A conversation that the gateway keeps is a session. A call without a session or user goes by its consumer.',
  }),
  cooldown: Cooldown,
  retry: Type.Optional(
    Strict({
      attempts: Type.Integer({
        minimum: 1,
        maximum: 10,
        default: 2,
        description: 'In all, the first included: another target or key before the same one again.',
      }),
      on: Type.Array(
        Type.Unsafe<number | 'connect' | 'reset' | 'timeout'>({
          anyOf: [{ enum: ['connect', 'reset', 'timeout'] }, { type: 'integer', minimum: 400, maximum: 599 }],
        }),
        {
          default: ['connect', 'reset', 'timeout', 429, 500, 502, 503, 504, 529],
          description:
            '`reset` and `timeout` also of a stream of which nothing has been passed on. A 400 (or another status that says what is wrong with the request) that stands here goes to the next target and to fallback models as well; else it is the answer, except where the model finds the request too long.',
        },
      ),
      budget: Percent({
        default: '20%',
        description: 'Retries, as a share of calls in the last 10 s; 3 in any case.',
      }),
      maxWait: Duration({
        default: '2s',
        description: 'The longest Retry-After that is waited for before the same target is asked again.',
      }),
    }),
  ),
  breaker: Type.Optional(
    Strict(
      {
        errorRate: Percent({
          default: '50%',
          description:
            'Share of attempts that failed, timed out, broke off or were answered with a status from 500 on.',
        }),
        minRequests: Type.Integer({ minimum: 1, default: 10 }),
        window: Duration({ default: '30s' }),
        open: Duration({ default: '15s', description: 'Then one call at a time is let through as a probe.' }),
      },
      { description: 'One for each target.' },
    ),
  ),
  timeouts: ModelTimeouts,
  cache: Type.Optional(AiCache),
  shadow: Type.Optional(AiShadow),
});

/** USD per million tokens of a kind. */
const perMillion = (tokens: string) =>
  Type.Optional(Type.Number({ minimum: 0, description: `USD per million ${tokens}.` }));

/** USD for what is sold by the piece, beside tokens. */
const perPiece = (description: string) => Type.Optional(Type.Number({ minimum: 0, description }));

const Price = Strict({
  input: Type.Number({ minimum: 0, description: 'USD per million input tokens.' }),
  output: Type.Number({ minimum: 0, description: 'USD per million output tokens.' }),
  cachedInput: perMillion('cached input tokens; absent: as input'),
  cacheWrite: perMillion('input tokens written to the cache; absent: as input'),
  audioInput: perMillion('tokens of sound heard; absent: as input'),
  imageInput: perMillion('tokens of images seen; absent: as input'),
  reasoning: perMillion('tokens thought; absent: as output'),
  audioOutput: perMillion('tokens of sound made; absent: as output'),
  imageOutput: perMillion('tokens of images made; absent: as output'),
  perRequest: Type.Number({ minimum: 0, default: 0, description: 'USD a call, beside its tokens.' }),
  perImage: perPiece('USD an image made.'),
  perAudioMinute: perPiece('USD a minute of sound heard.'),
  perMillionCharacters: perPiece('USD per million characters spoken.'),
  perSearch: perPiece('USD a search: of the web; of rerankers, for each 100 documents.'),
  perFileSearch: perPiece('USD a search of files that the provider keeps (`file_search`).'),
  perContainer: perPiece(
    'USD a container that an answer ran code in (`code_interpreter`, `shell`) and its request had not named.',
  ),
  tiers: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_-]*$' }), Type.Number({ minimum: 0 }), {
    default: {},
    additionalProperties: false,
    description:
      'What all of it is multiplied by at a service tier: { flex: 0.5, priority: 1.75, batch: 0.5 }.',
  }),
});

export const Ai = (policies: Readonly<Record<string, TSchema>>) =>
  Strict(
    {
      prefix: Type.String({ pattern: '^/[A-Za-z0-9/_-]*[A-Za-z0-9_-]$', default: '/v1' }),
      policies: Policies(policies),
      priority: PriorityOf('calls to models'),
      concurrency: Type.Optional(Concurrency),
      regionHeader: Type.String({
        default: 'x-region',
        description: 'The header in which a load balancer says where a client is, for routes by region.',
      }),
      providers: ByName(Provider, { default: {} }),
      models: ByName(Model, { default: {} }),
      prices: Type.Record(Type.String({ pattern: '^[^/]+/.+$' }), Price, {
        default: {},
        additionalProperties: false,
        description: 'Overrides of the built-in price table, by provider/model.',
      }),
      budgets: Budgets,
      loops: Loops,
      reserve: Strict(
        {
          output: Type.Integer({
            minimum: 1,
            default: 4096,
            description: 'Output tokens that a budget reserves for a call which names no maximum.',
          }),
          searches: Type.Integer({
            minimum: 0,
            default: 10,
            description:
              'Searches (of the web, and of files) that a budget reserves for a call which lets its model make any number.',
          }),
        },
        { default: {} },
      ),
      cache: Type.Optional(AiCache),
      ledger: LedgerSection,
      partials: Partials,
      prompts: ByName(Prompt, { default: {} }),
    },
    { default: {} },
  );
