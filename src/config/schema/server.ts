import { Type } from 'typebox';
import { ServerTls } from './tls.ts';
import { Address, Duration, Name, OneOf, Percent, Size, Strict } from './units.ts';

/** What the holder of an admin token may do: read, change, and read what people wrote (sessions, feedback). */
export const ADMIN_RIGHTS = ['read', 'write', 'content'] as const;
export type AdminRight = (typeof ADMIN_RIGHTS)[number];

const AdminToken = Strict({
  name: Name('Who holds it: stands in the audit log and as the author of revisions.'),
  token: Type.Optional(
    Type.String({ minLength: 1, description: 'The token itself: ${VAR} or ${file:PATH}.' }),
  ),
  sha256: Type.Optional(
    Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Or its SHA-256, lower-case hex.' }),
  ),
  rights: Type.Array(OneOf(ADMIN_RIGHTS), {
    default: ['read'],
    minItems: 1,
    uniqueItems: true,
    description: 'read; write = change too; content = see what people wrote.',
  }),
});

export const Server = Strict(
  {
    listen: Address({ default: '127.0.0.1:8080', description: 'Public listener, host:port.' }),
    tls: Type.Optional(ServerTls),
    http2: Type.Optional(
      Type.Boolean({
        description:
          'Whether HTTP/2 is spoken beside HTTP/1.1. Without this key: with TLS yes (ALPN), without TLS no. Without TLS a client must know it beforehand (h2c, as gRPC clients do).',
      }),
    ),
    workers: Type.Unsafe<number | 'auto'>({
      anyOf: [{ type: 'integer', minimum: 1, maximum: 1024 }, { const: 'auto' }],
      default: 1,
      description:
        'Worker processes: a number, or auto (one a core). Several need sqlite: or Redis, and Linux or FreeBSD (SO_REUSEPORT). Shed and concurrency limits are divided among them, at least 1 each.',
    }),
    trustProxy: Type.Unsafe<boolean | string[]>({
      anyOf: [{ type: 'boolean' }, { type: 'array', items: { type: 'string' } }],
      default: false,
      description:
        'Whose X-Forwarded-* is believed: nobody (false), anybody (true), or a list of addresses and CIDRs.',
    }),
    outbound: Strict(
      {
        allow: Type.Array(Type.String(), {
          default: [],
          examples: [['169.254.0.0/16']],
          description:
            'Addresses and CIDRs that names may lead to though they are link-local, of a metadata service, multicast or in deny.',
        }),
        deny: Type.Array(Type.String(), {
          default: [],
          examples: [['10.0.0.0/8', '192.168.0.0/16']],
          description: 'Further addresses and CIDRs that names must not lead to.',
        }),
      },
      {
        default: {},
        description:
          'What the gateway connects to by name, checked with every answer of the DNS. What the config has as an address, or as localhost, is allowed.',
      },
    ),
    limits: Strict(
      {
        body: Size({ default: '10mb', description: 'Largest request body.' }),
        header: Size({ default: '16kb', description: 'Largest request head (request line and headers).' }),
        cache: Size({
          default: '64mb',
          description: 'Memory for answers that response-cache keeps, of all routes together.',
        }),
        streams: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 100,
          description:
            'Most requests at once on one connection, of HTTP/2 or one behind the other of HTTP/1.1.',
        }),
      },
      { default: {} },
    ),
    timeouts: Strict(
      {
        headers: Duration({
          default: '10s',
          description:
            'A client has this long to send a request head; for the first one from the moment it connects, TLS handshake included.',
        }),
        request: Duration({
          default: '120s',
          description: 'A client has this long to send its whole request.',
        }),
        send: Duration({
          default: '120s',
          description:
            'A client that takes nothing of its answer for this long is cut off. Streams whose upstream is silent may rest.',
        }),
        unready: Duration({
          default: '0s',
          description: 'At shutdown /readyz says 503 for this long before the listener closes.',
        }),
        drain: Duration({
          default: '30s',
          description: 'What runs may finish within this at shutdown or reload.',
        }),
        worker: Duration({
          default: '30s',
          description:
            'A worker process that does not answer for this long hangs: it is ended, with what it carries, and replaced.',
        }),
      },
      { default: {} },
    ),
    shed: Strict(
      {
        maxEventLoopDelay: Duration({
          default: '200ms',
          description:
            'Work that waits longer for the event loop, for a second: low routes are shed; normal at 2, high at 4, critical at 8 times this.',
        }),
        maxInFlight: Type.Integer({
          minimum: 1,
          default: 4000,
          description:
            'Requests that may run at once, streams included: low routes get half of them, normal 75 %, high 90 %, critical all.',
        }),
        maxRss: Type.Optional(
          Size({
            description:
              'Resident memory of a process: beyond it low routes are shed; normal at 105, high at 110, critical at 120 % of it. Without this key memory is not looked at. In a container set it to 80 % of the limit.',
          }),
        ),
        maxHeap: Type.Optional(
          Size({ description: 'As maxRss, of the memory that JavaScript uses (heap) alone.' }),
        ),
      },
      { default: {} },
    ),
  },
  { default: {} },
);

export const Admin = Strict(
  {
    listen: Address({
      default: '127.0.0.1:9090',
      description: 'Admin listener (metrics, admin API, console).',
    }),
    token: Type.String({
      default: '',
      description: 'Bearer token of the admin API, with every right. Empty only on loopback.',
    }),
    tokens: Type.Array(AdminToken, {
      default: [],
      description: 'Named tokens beside it, each with its rights.',
    }),
  },
  { default: {} },
);

export const StoreSection = Strict(
  {
    url: Type.String({
      default: 'sqlite:data/hypercare.db',
      pattern: '^(memory:|sqlite:.+|rediss?://.+|redis-(cluster|sentinel)://.+)$',
      examples: ['memory:', 'sqlite:data/hypercare.db', 'redis://127.0.0.1:6379/0'],
      description:
        'Where state lives: memory:, sqlite:PATH, redis://…, rediss://…, redis-cluster://…, redis-sentinel://…',
    }),
    replicas: Type.Integer({
      minimum: 0,
      maximum: 10,
      default: 0,
      description:
        'Redis with replicas: a turn of a conversation, its erasure, and a consumer’s key that comes or goes count as stored once so many of them have it, and so survive a failover. One round trip more.',
    }),
    sync: OneOf(['everysec', 'always'], {
      default: 'everysec',
      description:
        'SQLite: when a turn of a conversation is on the disk. always: before it is acknowledged, which takes as long as the disk does. everysec: within a second, as with a Redis that says appendfsync everysec; a process that is killed loses nothing, a power failure the last second. Erasures are always on the disk at once.',
    }),
    timeout: Duration({
      default: '50ms',
      description:
        'How long a request waits for Redis at most; for a turn of many megabytes a tenth of a second more for each. Then a rate limit lets it pass, and log and metrics say so.',
    }),
  },
  { default: {} },
);

export const Log = Strict(
  {
    level: OneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
    bodies: OneOf(['off', 'errors', 'all'], {
      default: 'off',
      description: 'Whether bodies are logged, redacted.',
    }),
    redact: Type.Array(Type.String(), {
      default: ['headers.authorization', 'headers.cookie', 'headers.x-api-key'],
      description: 'Paths that never reach a log.',
    }),
  },
  { default: {} },
);

export const Telemetry = Strict(
  {
    otlp: Strict(
      {
        endpoint: Type.String({
          default: '',
          description:
            'Base URL of a collector or backend that takes OTLP over HTTP: /v1/traces and /v1/metrics lie below it. Empty: nothing is exported.',
        }),
        credentials: Type.Record(Type.String(), Type.String(), {
          default: {},
          description: 'Headers sent with each export: what the backend wants as a key. Never shown.',
        }),
        service: Type.String({
          minLength: 1,
          default: 'hypercare-gateway',
          description: 'service.name of all of it.',
        }),
        traces: Type.Boolean({ default: true, description: 'A span a request, as a child of its caller’s.' }),
        sample: Percent({
          default: '100%',
          description: 'Share of the traces that begin here; of others their caller decides.',
        }),
        metrics: Type.Boolean({ default: true, description: 'What /metrics shows.' }),
        interval: Duration({ default: '60s', description: 'Between two exports of metrics.' }),
      },
      { default: {} },
    ),
  },
  { default: {} },
);
