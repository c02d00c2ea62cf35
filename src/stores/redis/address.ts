/** Where a Redis is and who we are to it. */
export interface RedisAddress {
  /** One for a single server, the nodes to ask first for a Cluster. */
  nodes: { host: string; port: number }[];
  cluster: boolean;
  tls: boolean;
  username?: string;
  password?: string;
  /** Database number; a Cluster has only 0. */
  db: number;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis[s]://[user:password@]host[:port][/db]` and `redis-cluster://[user:password@]host[:port],host[:port]`.
 * Not left to ioredis: it takes any `?option=` and lets it win over ours, and ours hold the promises of this store.
 * Throws an `Error` that does not repeat the URL, because that may hold a password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = /^(redis|rediss|redis-cluster):\/\/(?:(.*)@)?([^@/?#]+)\/?([^?#]*)$/is.exec(url);
  if (!match) throw new Error('a Redis URL is redis://[user:password@]host[:port][/db], without ?options');
  const [, scheme = '', credentials, hosts = '', db = ''] = match;
  const cluster = scheme.toLowerCase() === 'redis-cluster';
  if (db !== '' && (cluster || !/^\d+$/.test(db))) {
    throw new Error('a Redis URL ends with a database number, and that of a Cluster with none');
  }
  const nodes = hosts.split(',').map(parseNode);
  if (nodes.length > 1 && !cluster) throw new Error('several Redis hosts want redis-cluster://');
  const tls = scheme.toLowerCase() === 'rediss';
  return { nodes, cluster, tls, db: Number(db), ...parseCredentials(credentials) };
}

function parseNode(text: string): { host: string; port: number } {
  const match = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(text.trim());
  const port = Number(match?.[2] ?? DEFAULT_PORT);
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
