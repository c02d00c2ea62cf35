import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './address.ts';
import { scripts as others } from './scripts.ts';
import { sessionScripts } from './session-scripts.ts';

const scripts = { ...others, ...sessionScripts };

export type RedisClient = Redis | Cluster;

/** First wait after a lost connection and the longest, in milliseconds. */
const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 1000;

/** A connection that owes an answer for so long is cut and made anew, in milliseconds. */
const SILENCE_MS = 2000;

/**
 * A client that connects by itself, for ever, and never holds a call back nor sends one twice.
 * @param silenceMs as `SILENCE_MS`
 */
export function createClient(
  address: RedisAddress,
  commandTimeoutMs: number,
  silenceMs = SILENCE_MS,
): RedisClient {
  const { username, password } = address;
  const common = {
    username,
    password,
    tls: address.tls ? {} : undefined,
    // A call must not be resent after a cut: Redis may have run it, and a counter would count twice. Not resending is
    // not enough: with `maxRetriesPerRequest` 1 ioredis 6 then forgets what was under way, and its promises never
    // settle. 0 fails it at the cut.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: RETRY_LONGEST_MS,
    // Bounds what a server that hangs can pile up, and finds out about one whose machine is gone.
    socketTimeout: Math.max(silenceMs, 4 * commandTimeoutMs),
    disconnectTimeout: 500,
    reconnectOnError: onceASecond(),
    // CLIENT SETINFO is of Redis 7.2.
    disableClientInfo: true,
  } satisfies RedisOptions;
  if (!address.cluster) {
    return new Redis({
      ...common,
      ...(address.sentinel === undefined ? address.nodes[0] : sentinelsOf(address)),
      db: address.db,
      // With one, calls to a Redis that is away would wait for it.
      enableOfflineQueue: false,
      retryStrategy: retryDelay,
      scripts,
    });
  }
  return new Cluster(address.nodes, {
    redisOptions: common,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    // The Cluster client's own way to resend after a cut (see above). What was refused without having run (MOVED, ASK,
    // CLUSTERDOWN) is sent on all the same.
    retryDelayOnFailover: 0,
    // With no resend there is no refresh at a cut either: a failover is noticed within this.
    slotsRefreshInterval: 2000,
    scripts,
  });
}

/** Bytes that have come over a client's connections since they were made; of a Cluster those of all nodes. */
export function receivedBy(client: RedisClient): number {
  if (client instanceof Redis) return bytesRead(client);
  let bytes = 0;
  for (const node of client.nodes()) bytes += bytesRead(node);
  return bytes;
}

/** A client that has not connected yet has no stream. */
const bytesRead = ({ stream }: { readonly stream?: Redis['stream'] }): number => stream?.bytesRead ?? 0;

/**
 * Asked anew at each connection who the master is. Without ioredis' failover detector: what it hears while a connection is
 * being made ends the client for good ("Connection is closed"). Sentinels cut the connections of a master that they demote.
 */
const sentinelsOf = ({ nodes, sentinel }: RedisAddress): RedisOptions => ({
  sentinels: nodes,
  name: sentinel,
  sentinelRetryStrategy: retryDelay,
  sentinelCommandTimeout: RETRY_LONGEST_MS,
});

function retryDelay(times: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(times - 1, 8));
}

/**
 * After a failover behind one name the old connection leads to a replica: a new one finds the master. At most once a
 * second, as the name may still point at the replica.
 */
function onceASecond(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!error.message.startsWith('READONLY') || performance.now() - last < 1000) return false;
    last = performance.now();
    return true;
  };
}
