import { Redis } from 'ioredis';
import type { Budgets } from '../../contracts/budget.ts';
import type { Ledger } from '../../contracts/ledger.ts';
import type { Sessions } from '../../contracts/session.ts';
import type { Counters, Documents, EventLogs, Store } from '../../contracts/store.ts';
import { type StoreEvent, Transitions } from '../transitions.ts';
import { parseRedisUrl } from './address.ts';
import { RedisBudgets } from './budgets.ts';
import { Calls } from './calls.ts';
import { Circuit } from './circuit.ts';
import { createClient, type RedisClient } from './client.ts';
import { RedisCounters } from './counters.ts';
import { withDeadline } from './deadline.ts';
import { RedisDocuments } from './documents.ts';
import { evictionPolicy } from './eviction.ts';
import { scrub } from './failure.ts';
import { RedisLedger } from './ledger.ts';
import { RedisLogs } from './logs.ts';
import { Replication } from './replication.ts';
import { RedisSessions } from './sessions.ts';

export interface RedisStoreOptions {
  /** For people: the URL without credentials. */
  name: string;
  /** The longest a call may take, in milliseconds. Default 50. */
  commandTimeoutMs?: number;
  /** What conversations write counts as stored once so many replicas have it. Default 0. */
  replicas?: number;
  onEvent?: (event: StoreEvent) => void;
}

const COMMAND_TIMEOUT_MS = 50;

/** How long opening waits for the first connection, and closing for the last answers, in milliseconds. */
const GRACE_MS = 1000;

/** While down, how often the store is asked although nobody calls, in milliseconds. */
const PROBE_EVERY_MS = 1000;

/** Opens a store on Redis; also one that is down, whose calls then fail until it comes. Throws on a malformed URL. */
export async function openRedisStore(url: string, options: RedisStoreOptions): Promise<Store> {
  const address = parseRedisUrl(url);
  const timeoutMs = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  const client = createClient(address, timeoutMs);
  const asking = (options.replicas ?? 0) > 0 && client instanceof Redis ? client.duplicate() : undefined;
  const circuit = new Circuit(new Transitions(options.onEvent), () => performance.now());
  const store = new RedisStore(options, { client, asking }, circuit, timeoutMs);
  await Promise.all([client, ...(asking ? [asking] : [])].map(firstWord));
  return store;
}

class RedisStore implements Store {
  readonly name: string;
  readonly counters: Counters;
  readonly documents: Documents;
  readonly logs: EventLogs;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly #client: RedisClient;
  readonly #asking: Redis | undefined;
  readonly #circuit: Circuit;
  readonly #calls: Calls;
  readonly #prober: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(
    { name, replicas = 0, onEvent }: RedisStoreOptions,
    { client, asking }: { client: RedisClient; asking: Redis | undefined },
    circuit: Circuit,
    timeoutMs: number,
  ) {
    this.name = name;
    this.#client = client;
    this.#asking = asking;
    this.#circuit = circuit;
    this.#calls = new Calls(name, circuit, timeoutMs);
    this.counters = new RedisCounters(client, this.#calls);
    this.documents = new RedisDocuments(client, this.#calls);
    this.logs = new RedisLogs(client, this.#calls);
    this.budgets = new RedisBudgets(client, this.#calls);
    this.ledger = new RedisLedger(client, this.#calls);
    const waitMs = Math.max(1, Math.floor(timeoutMs / 2));
    const replication = asking && new Replication(asking, { replicas, waitMs, withinMs: timeoutMs });
    this.sessions = new RedisSessions(client, this.#calls, replication);
    this.#watch(onEvent);
    this.#prober = setInterval(() => this.#circuit.lastError && this.#probe(), PROBE_EVERY_MS).unref();
  }

  async ping(): Promise<void> {
    await this.#calls.probe(() => this.#client.ping());
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  /** Without listeners ioredis prints its errors; a Cluster would throw them. */
  #watch(onEvent: RedisStoreOptions['onEvent']): void {
    let lastError = new Error('the connection was closed');
    let isTold = false;
    const remember = (error: unknown) => {
      lastError = scrub(error);
    };
    this.#client.on('error', remember);
    // Whoever asks hears of it.
    this.#asking?.on('error', () => undefined);
    this.#client.on('node error', remember);
    this.#client.on('close', () => {
      if (!this.#closing) this.#circuit.lost(lastError);
    });
    this.#client.on('ready', () => {
      lastError = new Error('the connection was closed');
      this.#circuit.retry();
      this.#probe();
      if (isTold) return;
      const tell = (policy: string | undefined): void => {
        if (policy === undefined || isTold) return;
        isTold = true;
        onEvent?.({ kind: 'evicts', policy });
      };
      // A Redis that does not say (it is cut off, or an ACL forbids it) is served all the same.
      evictionPolicy(this.#client).then(tell, () => undefined);
    });
  }

  #probe(): void {
    if (this.#closing) return;
    // The outcome is the circuit's to know.
    this.ping().catch(() => undefined);
  }

  async #letGo(): Promise<void> {
    clearInterval(this.#prober);
    this.#calls.close();
    // QUIT is answered after all that was asked before it. A server that hangs or is gone has nothing to wait for.
    if (this.#client.status === 'ready') {
      await Promise.allSettled([withDeadline(this.#client.quit(), GRACE_MS)]);
    }
    this.#client.disconnect();
    this.#asking?.disconnect();
  }
}

/** Resolves with the first success or failure to connect, or after a second, so that a Redis that is up serves at once. */
function firstWord(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    const heard = () => {
      clearTimeout(timer);
      for (const event of ['ready', 'error', 'close']) client.off(event, heard);
      resolve();
    };
    const timer = setTimeout(heard, GRACE_MS);
    for (const event of ['ready', 'error', 'close']) client.on(event, heard);
  });
}
