import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Static, Type } from 'typebox';
import type { PolicyConsumer, PolicyDescriptor, PolicyRequest } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';

const Settings = Type.Object(
  {
    header: Type.String({
      default: 'x-api-key',
      pattern: '^[a-z0-9-]+$',
      description: 'Header that brings the key, lower case. `Authorization: Bearer` is always looked at too.',
    }),
    forward: Type.Boolean({ default: false, description: 'Whether the upstream gets to see the key.' }),
  },
  { additionalProperties: false, description: 'Lets in consumers that show one of their keys.' },
);
type Settings = Static<typeof Settings>;

interface KnownKey {
  readonly digest: Buffer;
  readonly consumer: PolicyConsumer;
  readonly id: string;
  /** Milliseconds since the epoch: lets in from the first on, and from the second on no more. */
  readonly from: number;
  readonly until: number;
}

/** Longer than any key that this gateway hands out; hashing megabytes for a stranger is not its business. */
const LONGEST_KEY = 512;
const BEARER = 'bearer ';
const CHALLENGE = { 'www-authenticate': 'Bearer' };
const NOBODY = Buffer.alloc(32);

/**
 * Keys by the first bytes of their digest. Who guesses keys can't steer their digests, so the look-up tells nothing;
 * the rest is compared in constant time.
 */
function index(consumers: readonly PolicyConsumer[]): Map<number, KnownKey[]> {
  const known = new Map<number, KnownKey[]>();
  for (const consumer of consumers) {
    for (const key of consumer.keys) {
      const digest = Buffer.from(key.sha256, 'hex');
      const at = digest.readUInt32BE(0);
      const { id, notBefore, expires } = key;
      const from = notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(notBefore);
      const until = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
      known.set(at, [...(known.get(at) ?? []), { digest, consumer, id, from, until }]);
    }
  }
  return known;
}

/** A key that was verified on a connection. */
interface Verified {
  readonly key: string;
  readonly known: KnownKey;
}

/** Compares in a time that does not tell where two texts differ: connections of a proxy carry requests of many. */
function isSame(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

/** Why a key that is known does not let in; who holds it may be told that it has ended. */
function untimely({ consumer, id, from, until }: KnownKey, now: number): GatewayError | undefined {
  const refused = (code: ErrorCode, why: string): GatewayError =>
    new GatewayError(code, { headers: CHALLENGE, cause: `the key ${id} of ${consumer.name} ${why}` });
  if (now >= until) return refused('auth_key_expired', `expired at ${new Date(until).toISOString()}`);
  return now < from
    ? refused('auth_key_unknown', `is not good before ${new Date(from).toISOString()}`)
    : undefined;
}

function presentedKey(request: PolicyRequest, header: string): string | undefined {
  const own = request.headers[header];
  if (typeof own === 'string' && own !== '') return own;
  return bearerOf(request.headers.authorization);
}

function bearerOf(authorization: unknown): string | undefined {
  if (typeof authorization !== 'string') return undefined;
  if (authorization.slice(0, BEARER.length).toLowerCase() !== BEARER) return undefined;
  return authorization.slice(BEARER.length).trim();
}

const authApiKey: PolicyDescriptor<Settings> = {
  name: 'auth-api-key',
  slot: 'identify',
  schema: Settings,
  create(settings, ports) {
    const known = index(ports.consumers);
    const find = (key: string): KnownKey | undefined => {
      if (key.length > LONGEST_KEY) return undefined;
      const digest = hash('sha256', key, 'buffer');
      let found: KnownKey | undefined;
      for (const candidate of known.get(digest.readUInt32BE(0)) ?? [undefined]) {
        if (timingSafeEqual(candidate?.digest ?? NOBODY, digest)) found = candidate;
      }
      return found;
    };
    /** By connection: most show the same key with each request, and its hash is most of what looking it up costs. */
    const verified = new WeakMap<Socket, Verified>();
    const verify = (key: string, request: IncomingMessage): KnownKey | undefined => {
      // A request of HTTP/2 has a stand-in for its socket made when it is asked for it.
      if (request.httpVersionMajor !== 1) return find(key);
      const { socket } = request;
      const before = verified.get(socket);
      if (before !== undefined && isSame(before.key, key)) return before.known;
      const found = find(key);
      if (found !== undefined) verified.set(socket, { key, known: found });
      return found;
    };
    return {
      onRequest(exchange, request) {
        const key = presentedKey(request, settings.header);
        if (key === undefined || key === '')
          return new GatewayError('auth_key_missing', { headers: CHALLENGE });
        const found = verify(key, request.raw);
        if (found === undefined) return new GatewayError('auth_key_unknown', { headers: CHALLENGE });
        const refusal = untimely(found, exchange.startedAt);
        if (refusal !== undefined) return refusal;
        exchange.consumer = found.consumer.name;
        exchange.consumerGroups = found.consumer.groups;
        exchange.consumerKey = found.id;
        return undefined;
      },
      credentialIn(headers) {
        if (headers[settings.header]) return settings.header;
        const bearer = bearerOf(headers.authorization);
        return bearer && find(bearer) ? 'authorization' : undefined;
      },
      ...(settings.forward
        ? {}
        : {
            onUpstreamHeaders(headers) {
              // Whatever holds a key goes; an Authorization that does not is meant for the upstream.
              // What is undefined goes nowhere; deleted, it would make the headers slow for all who read them next.
              const bearer = bearerOf(headers.authorization);
              if (bearer && find(bearer)) headers.authorization = undefined;
              if (headers[settings.header] !== undefined) headers[settings.header] = undefined;
            },
          }),
    };
  },
};

export default authApiKey;
