import type { JWTVerifyGetKey } from 'jose';
import { checkedJwksUri } from './jwks-uri.ts';
import { configuredKeySet } from './key-set.ts';
import { leaseKeys } from './lease-keys.ts';
import type { Settings } from './settings.ts';

/** The keys of an issuer, wherever they come from. */
export interface IssuerKeys {
  /** @throws NoKeys, or JOSEError if none of them is the one that the header names */
  readonly keyFor: JWTVerifyGetKey;
  /** Whether there are any that may still be believed. */
  isUsable(): boolean;
  /** Grows with each change. */
  readonly version: number;
  release(): void;
}

/** @throws Error that says what is wrong with jwks or jwksUri */
export async function issuerKeys(settings: Settings): Promise<IssuerKeys> {
  const { jwks, jwksUri, maxStale, refresh } = settings;
  if ((jwks === undefined) === (jwksUri === undefined))
    throw new Error('auth-jwt: needs jwksUri or jwks, and not both');
  if (jwks !== undefined) {
    return {
      keyFor: await configuredKeySet(jwks.keys),
      isUsable: () => true,
      version: 0,
      release: () => undefined,
    };
  }
  if (maxStale < refresh)
    throw new Error(
      'auth-jwt: maxStale must not be shorter than refresh, or keys would end before their time',
    );
  const { keys, release } = leaseKeys({ ...settings, uri: checkedJwksUri(jwksUri as string) });
  return {
    keyFor: (header, jws) => keys.keyFor(maxStale, header, jws),
    isUsable: () => keys.isUsable(maxStale),
    get version() {
      return keys.version;
    },
    release,
  };
}
