/** Where a Redis is and who we are to it. */
export interface RedisAddress {
  /** One for a single server; the nodes to ask first for a Cluster, or the Sentinels. */
  nodes: { host: string; port: number }[];
  cluster: boolean;
  /** The name under which the Sentinels know the master; absent: there are none. */
  sentinel?: string;
  tls: boolean;
  username?: string;
  password?: string;
  /** Database number; a Cluster has only 0. */
  db: number;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis[s]://[user:password@]host[:port][/db]`, `redis-cluster://[user:password@]host[:port],host[:port]` and
 * `redis-sentinel://[user:password@]host[:port],host[:port]/MASTER[/db]`, whose credentials are the master's.
 * Not left to ioredis: it takes any `?option=` and lets it win over ours, and ours hold the promises of this store.
 * Throws an `Error` that does not repeat the URL, because that may hold a password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = /^(rediss?|redis-cluster|redis-sentinel):\/\/(?:(.*)@)?([^@/?#]+)\/?([^?#]*)$/is.exec(url);
  if (!match) throw new Error('a Redis URL is redis://[user:password@]host[:port][/db], without ?options');
  const [, given = '', credentials, hosts = '', rest = ''] = match;
  const scheme = given.toLowerCase();
  const [cluster, isSentinel] = [scheme === 'redis-cluster', scheme === 'redis-sentinel'];
  const [, sentinel = '', number = ''] = isSentinel ? (/^([^/]+)\/?(\d*)$/.exec(rest) ?? []) : ['', '', rest];
  if (isSentinel && sentinel === '')
    throw new Error('a URL of Sentinels is redis-sentinel://host[:port],host[:port]/MASTER[/db]');
  if (number !== '' && (cluster || !/^\d+$/.test(number))) {
    throw new Error('a Redis URL ends with a database number, and that of a Cluster with none');
  }
  const nodes = hosts.split(',').map((host) => parseNode(host, isSentinel ? SENTINEL_PORT : DEFAULT_PORT));
  if (nodes.length > 1 && !cluster && !isSentinel)
    throw new Error('several Redis hosts want redis-cluster:// or redis-sentinel://');
  return {
    nodes,
    cluster,
    ...(isSentinel && { sentinel: decode(sentinel) }),
    tls: scheme === 'rediss',
    db: Number(number),
    ...parseCredentials(credentials),
  };
}

function parseNode(text: string, otherwise: number): { host: string; port: number } {
  const match = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(text.trim());
  const port = Number(match?.[2] ?? otherwise);
  if (!match?.[1] || port < 1 || port > 65_535) throw new Error(`${JSON.stringify(text)} is no host:port`);
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function parseCredentials(text: string | undefined): { username?: string; password?: string } {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  const username = decode(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? undefined : decode(text.slice(colon + 1));
  return { username: username || undefined, password: password || undefined };
}

/** A password with a bare % is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
