import { resolve } from 'node:path';
import type { Counters, Store } from '../contracts/store.ts';
import type { StoreEvent } from './transitions.ts';

export type { StoreEvent } from './transitions.ts';

export interface StoreOptions {
  /** Milliseconds since the epoch; for tests. Redis keeps its own time. */
  now?: () => number;
  /** Called once when the store stops answering, once when it answers again, and if it may let go what it keeps. Must not throw. */
  onEvent?: (event: StoreEvent) => void;
  /** Redis: the longest a call may take, in milliseconds. Default 50. */
  commandTimeoutMs?: number;
  /** Redis: what conversations write counts as stored once so many replicas have it. Default 0. */
  replicas?: number;
  /** SQLite: when turns of conversations are on the disk: before they are acknowledged, or within a second. Default `always`. */
  sync?: 'everysec' | 'always';
  /** Used where the store would count in this process alone: those of all processes that share it. */
  counters?: Counters;
}

const KNOWN = 'memory:, sqlite:PATH, redis://, rediss://, redis-cluster://, redis-sentinel://';

/**
 * Opens the store that `url` names: `memory:`, `sqlite:PATH` (relative to the working directory, the folder is
 * made), `redis://`, `rediss://`, `redis-cluster://host:port,host:port`,
 * `redis-sentinel://host:port,host:port/MASTER`.
 *
 * A Redis that is down is no error here: its calls fail with `StoreUnavailable` until it comes. An unknown scheme,
 * a malformed URL, and a SQLite file that can't be opened or is newer than this gateway throw an `Error`.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  switch (scheme(url)) {
    case 'memory': {
      const { SqliteStore } = await import('./sqlite/store.ts');
      return new SqliteStore({ ...options, name: 'memory:' });
    }
    case 'sqlite': {
      const path = url.slice('sqlite:'.length);
      if (path === '') throw new Error('sqlite: needs a path, as in sqlite:data/gateway.db');
      const { SqliteStore } = await import('./sqlite/store.ts');
      return new SqliteStore({ ...options, name: describeStoreUrl(url), path: resolve(path) });
    }
    case 'redis':
    case 'rediss':
    case 'redis-cluster':
    case 'redis-sentinel': {
      // Loaded only here, so that an embedded gateway never pays for ioredis.
      const { openRedisStore } = await import('./redis/store.ts');
      return openRedisStore(url, { ...options, name: describeStoreUrl(url) });
    }
    default:
      // Not the whole URL: it may hold a password.
      throw new Error(`unknown store ${JSON.stringify(`${scheme(url)}:`)}; known are ${KNOWN}`);
  }
}

/** The URL for people and logs: without user, password and query. */
export function describeStoreUrl(url: string): string {
  if (!/^[\w+.-]+:\/\//.test(url)) return url;
  const [, start = '', rest = ''] = /^([\w+.-]+:\/\/)(.*)$/s.exec(url) ?? [];
  // The last @: an unescaped one inside the password must not let the rest of the password through.
  return start + rest.slice(rest.lastIndexOf('@') + 1).replace(/[?#].*$/s, '');
}

function scheme(url: string): string {
  return /^([\w+.-]*):/.exec(url)?.[1]?.toLowerCase() ?? '';
}
