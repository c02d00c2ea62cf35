import type { JWTVerifyGetKey } from 'jose';
import type { Fetch } from './fetch-text.ts';
import { configuredKeySet, keySetProblem } from './key-set.ts';
import { discoveredKeys, type KeySource, keysAt } from './key-source.ts';
import { leaseKeys } from './lease-keys.ts';
import type { Settings } from './settings.ts';

/** The keys of an issuer, wherever they come from. */
export interface IssuerKeys {
  /** @throws NoKeys, or JOSEError if none of them is the one that the header names */
  readonly keyFor: JWTVerifyGetKey;
  /** Asks the issuer whether it has other keys by now, unless it was asked a moment ago. */
  ask(): Promise<void>;
  /** Whether there are any that may still be believed. */
  isUsable(): boolean;
  /** Grows with each change. */
  readonly version: number;
  /** Why the keys are older than they should be; undefined as long as the issuer answers. */
  readonly fault: Error | undefined;
  release(): void;
}

function sourceOf(
  { issuer, jwksUri, discovery, jwksOrigins }: Settings,
  fetch: Fetch,
): KeySource | undefined {
  if (jwksUri !== undefined) return keysAt(jwksUri, fetch);
  return discovery ? discoveredKeys(issuer, jwksOrigins, fetch) : undefined;
}

/** What is wrong with the settings about keys, as far as it is seen without asking anybody; undefined if nothing. */
export function keysProblem(settings: Settings): string | undefined {
  const { jwks, jwksUri, discovery, maxStale, refresh } = settings;
  if ([jwks !== undefined, jwksUri !== undefined, discovery].filter(Boolean).length !== 1)
    return 'needs one of jwksUri, jwks and discovery';
  if (jwks !== undefined) return keySetProblem(jwks.keys);
  if (maxStale < refresh)
    return 'maxStale must not be shorter than refresh, or keys would end before their time';
  try {
    // Making a source asks nobody.
    sourceOf(settings, fetch);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * @param settings that `keysProblem` finds nothing wrong with
 * @throws Error that names a key of `jwks` that signs nothing
 */
export async function issuerKeys(settings: Settings, fetch: Fetch): Promise<IssuerKeys> {
  const { jwks, maxStale } = settings;
  if (jwks !== undefined) {
    return {
      keyFor: await configuredKeySet(jwks.keys),
      ask: () => Promise.resolve(),
      isUsable: () => true,
      version: 0,
      fault: undefined,
      release: () => undefined,
    };
  }
  const { keys, release } = leaseKeys({ ...settings, source: sourceOf(settings, fetch) as KeySource });
  return {
    keyFor: (header, jws) => keys.keyFor(maxStale, header, jws),
    ask: () => keys.ask(maxStale),
    isUsable: () => keys.isUsable(maxStale),
    get version() {
      return keys.version;
    },
    get fault() {
      return keys.fault;
    },
    release,
  };
}
