import { hash } from 'node:crypto';
import type { JWTVerifyOptions } from 'jose';
import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor, Verdict } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { type Identity, identityOf } from './identity.ts';
import { type IssuerKeys, issuerKeys, keysProblem } from './issuer-keys.ts';
import { claimsOf, plainFault } from './plain-faults.ts';
import { refusalOf } from './refusal.ts';
import { NoKeys } from './remote-keys.ts';
import { Settings } from './settings.ts';
import { TokenCache } from './token-cache.ts';
import { verifyToken } from './verify-token.ts';

/** Characters. Nothing that long is a token; reading it is not our business. */
const LONGEST_TOKEN = 16 * 1024;
/** Tokens, in each of the two generations. */
const REMEMBERED = 2000;
const BEARER = 'bearer ';
/** RFC 6750 section 3.1: no error code for who has shown no token. */
const MISSING = { 'www-authenticate': 'Bearer' };
const INVALID = { 'www-authenticate': 'Bearer error="invalid_token"' };

/** Keys that are missing are asked for all the time. */
const SOON = { 'retry-after': '1' };

const invalid = (cause: string): GatewayError =>
  new GatewayError('auth_token_invalid', { headers: INVALID, cause });

function bearerToken(authorization: unknown): string {
  if (typeof authorization !== 'string' || authorization.slice(0, BEARER.length).toLowerCase() !== BEARER)
    return '';
  return authorization.slice(BEARER.length).trim();
}

const authJwt: PolicyDescriptor<Settings> = {
  name: 'auth-jwt',
  slot: 'identify',
  schema: Settings,
  check: keysProblem,
  async create(settings, ports) {
    const issuer: IssuerKeys = await issuerKeys(settings, ports.fetch);
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
    async function verify(token: string, digest: string, exchange: Exchange): Promise<Verdict> {
      const { version } = issuer;
      const claims = claimsOf(token);
      // The issuer is not asked for a key that it can't have.
      if (claims && claims.iss !== settings.issuer) return invalid('iss check_failed');
      try {
        const payload = await verifyToken(token, issuer, options);
        const identity = identityOf(payload, settings, consumers);
        const until = (payload.exp as number) * 1000 + settings.clockSkew;
        verified.set(digest, identity, until, version);
        return admit(exchange, identity);
      } catch (error) {
        if (!(error instanceof NoKeys)) return invalid(refusalOf(error));
        ports.degraded('fail_closed', error);
        const fault = claims && plainFault(claims, settings, Date.now());
        if (fault !== undefined) return invalid(fault);
        return new GatewayError('auth_unavailable', { headers: SOON, cause: error });
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
      // More than is read here: what follows the name may be a tab to another reader.
      credentialIn: ({ authorization }) =>
        String(authorization).trimStart().toLowerCase().startsWith('bearer') ? 'authorization' : undefined,
      ...(settings.forward
        ? {}
        : {
            onUpstreamHeaders(headers) {
              // Credentials of another kind are of another policy, or meant for the upstream.
              if (bearerToken(headers.authorization) !== '') headers.authorization = undefined;
            },
          }),
      dispose: () => issuer.release(),
    };
  },
};

export default authJwt;
