import { RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';

interface Shared {
  /** Identity of the source. */
  readonly place: string;
  readonly keys: RemoteKeys;
  holders: number;
}

/**
 * Keys outlive a config revision: the new generation takes them over before the old one lets go, so that a reload in
 * the middle of an issuer's outage shuts nobody out. Routes with the same issuer share them too.
 */
const SHARED = new Map<string, Shared>();

export interface Lease {
  readonly keys: RemoteKeys;
  /** May be called twice. */
  release(): void;
}

export function leaseKeys(options: RemoteKeysOptions): Lease {
  const { source, timeout, refresh, cooldown } = options;
  const place = source.identity;
  const identity = JSON.stringify([place, timeout, refresh, cooldown]);
  let shared = SHARED.get(identity);
  if (shared === undefined) {
    const known = [...SHARED.values()].find((other) => other.place === place)?.keys;
    shared = { place, keys: new RemoteKeys(options, known), holders: 0 };
    SHARED.set(identity, shared);
  }
  const mine = shared;
  mine.holders++;
  let isHeld = true;
  return {
    keys: mine.keys,
    release() {
      if (!isHeld) return;
      isHeld = false;
      mine.holders--;
      if (mine.holders > 0) return;
      SHARED.delete(identity);
      mine.keys.dispose();
    },
  };
}
