import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisServer, startRedis, until } from './redis-server.ts';

const run = promisify(execFile);

/** What a server can do to the connections of its clients: cut them, and let them wait. */
interface ServerLines {
  /** More than 0: all wait for a moment, 25 times as long. */
  delayMs: number;
  /** Until the servers have heard of it. */
  pausing: Promise<void>;
  /** Nothing comes of these two. */
  losesAnswers: boolean;
  repeats: boolean;
  cut(): Promise<void>;
}

export function linesTo(servers: readonly RedisServer[]): ServerLines {
  const onEach = async (...command: string[]): Promise<void> => {
    await Promise.all(servers.map((server) => server.cli('client', ...command)));
  };
  return {
    losesAnswers: false,
    repeats: false,
    pausing: Promise.resolve(),
    get delayMs() {
      return 0;
    },
    set delayMs(ms) {
      if (ms > 0) this.pausing = onEach('pause', String(25 * ms));
    },
    cut: () => onEach('kill', 'type', 'normal'),
  };
}

/** A master with a replica, and a Sentinel that knows both. */
export interface WatchedRedis {
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Who is the master now, by the Sentinel: its port. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
}

export async function startWatchedRedis(): Promise<WatchedRedis> {
  // A master that comes back empty would make its replicas so.
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const master = await startRedis({ args: kept });
  const replica = await startRedis({
    args: [...kept, '--replicaof', '127.0.0.1', `${master.port}`, '--repl-diskless-sync-delay', '0'],
  });
  await until(async () => (await replica.cli('info', 'replication')).includes('master_link_status:up'));
  const sentinel = await startRedis({ sentinelOf: master.port });
  await until(async () => (await sentinel.cli('sentinel', 'replicas', 'main')).includes(`${replica.port}`));
  return {
    url: `redis-sentinel://127.0.0.1:${sentinel.port}/main`,
    master,
    replica,
    masterPort: async () =>
      Number((await sentinel.cli('sentinel', 'get-master-addr-by-name', 'main')).split('\n')[1]),
    stop: async () => {
      for (const server of [sentinel, replica, master]) await server.stop();
    },
  };
}

/** A Cluster of three masters. */
export interface ThreeNodes {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** Moves so many slots of the first node to the last, with all that lies in them. */
  reshard(slots: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startThreeNodes(): Promise<ThreeNodes> {
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis({ cluster: 'empty' })));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const cluster = (...args: string[]) => run('redis-cli', ['--cluster', ...args, '--cluster-yes']);
  await cluster('create', ...addresses);
  for (const node of nodes)
    await until(async () => (await node.cli('cluster', 'info')).includes('cluster_state:ok'));
  return {
    url: `redis-cluster://${addresses.join(',')}`,
    nodes,
    async reshard(slots) {
      const [from, to] = await Promise.all([nodes[0], nodes[2]].map((node) => node?.cli('cluster', 'myid')));
      await cluster(
        'reshard',
        `${addresses[0]}`,
        '--cluster-from',
        `${from}`,
        '--cluster-to',
        `${to}`,
        '--cluster-slots',
        `${slots}`,
      );
    },
    stop: async () => {
      for (const node of nodes) await node.stop();
    },
  };
}
