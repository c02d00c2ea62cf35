import { hash } from 'node:crypto';
import { decodeJwt, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor, Verdict } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { type Identity, identityOf } from './identity.ts';
import { type IssuerKeys, issuerKeys } from './issuer-keys.ts';
import { refusalOf } from './refusal.ts';
import { NoKeys } from './remote-keys.ts';
import { Settings } from './settings.ts';
import { TokenCache } from './token-cache.ts';

/** Characters. Nothing that long is a token; reading it is not our business. */
const LONGEST_TOKEN = 16 * 1024;
/** Tokens, in each of the two generations. */
const REMEMBERED = 2000;
const BEARER = 'bearer ';
/** RFC 6750 section 3.1: no error code for who has shown no token. */
const MISSING = { 'www-authenticate': 'Bearer' };
const INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };

const invalid = (cause: string): GatewayError =>
  new GatewayError('auth_token_invalid', { headers: INVALID, cause });

function bearerToken(authorization: unknown): string {
  if (typeof authorization !== 'string' || authorization.slice(0, BEARER.length).toLowerCase() !== BEARER)
    return '';
  return authorization.slice(BEARER.length).trim();
}

/**
 * Whether a token says itself that it is of another issuer: then the issuer is not asked for a key that it can't have.
 * What can't be read is left to the verification.
 */
function isOfAnother(token: string, issuer: string): boolean {
  try {
    return decodeJwt(token).iss !== issuer;
  } catch {
    return false;
  }
}

const authJwt: PolicyDescriptor<Settings> = {
  name: 'auth-jwt',
  slot: 'identify',
  schema: Settings,
  async create(settings, ports) {
    const issuer: IssuerKeys = await issuerKeys(settings);
    const consumers = new Map(ports.consumers.map((consumer) => [consumer.name, consumer]));
    const verified = new TokenCache(REMEMBERED);
    const options: JWTVerifyOptions = {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: settings.algorithms,
      clockTolerance: settings.clockSkew / 1000,
      requiredClaims: ['exp'],
    };
    function admit(exchange: Exchange, { consumer, groups, claims }: Identity): undefined {
      if (issuer.fault !== undefined) ports.degraded('stale', issuer.fault);
      exchange.consumer = consumer;
      exchange.consumerGroups = groups;
      exchange.consumerClaims = claims;
    }
    const keyFor: JWTVerifyGetKey = (header, jws) => issuer.keyFor(header, jws);

    async function verify(token: string, digest: string, exchange: Exchange): Promise<Verdict> {
      const { version } = issuer;
      if (isOfAnother(token, settings.issuer)) return invalid('iss check_failed');
      try {
        const { payload } = await jwtVerify(token, keyFor, options);
        const identity = identityOf(payload, settings, consumers);
        const until = (payload.exp as number) * 1000 + settings.clockSkew;
        verified.set(digest, identity, until, version);
        return admit(exchange, identity);
      } catch (error) {
        if (!(error instanceof NoKeys)) return invalid(refusalOf(error));
        ports.degraded('fail_closed', error);
        return new GatewayError('auth_unavailable', { cause: error });
      }
    }

    return {
      onRequest(exchange, request) {
        const token = bearerToken(request.headers.authorization);
        if (token === '') return new GatewayError('auth_token_missing', { headers: MISSING });
        if (token.length > LONGEST_TOKEN) return invalid('the token is longer than 16 kB');
        const digest = hash('sha256', token, 'base64url');
        const known = issuer.isUsable() ? verified.get(digest, Date.now(), issuer.version) : undefined;
        return known === undefined ? verify(token, digest, exchange) : admit(exchange, known);
      },
      ...(settings.forward
        ? {}
        : {
            onUpstreamHeaders(headers) {
              // Credentials of another kind are of another policy, or meant for the upstream.
              if (bearerToken(headers.authorization) !== '') delete headers.authorization;
            },
          }),
      dispose: () => issuer.release(),
    };
  },
};

export default authJwt;
