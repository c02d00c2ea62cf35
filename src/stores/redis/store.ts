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
import { createClient, type RedisClient, receivedBy } from './client.ts';
import { RedisCounters } from './counters.ts';
import { MOST_FOR_BYTES_MS, withDeadline } from './deadline.ts';
import { RedisDocuments } from './documents.ts';
import { evictionPolicy } from './eviction.ts';
import { scrub } from './failure.ts';
import { Lane, type Way } from './lane.ts';
import { RedisLedger } from './ledger.ts';
import { RedisLogs } from './logs.ts';
import { holdToOneMaster } from './one-master.ts';
import { Replication } from './replication.ts';
import { RedisSessions } from './sessions.ts';

export interface RedisStoreOptions {
  /** For people: the URL without credentials. */
  name: string;
  /** The longest a call may take, in milliseconds. Default 50. */
  commandTimeoutMs?: number;
  /** What conversations write, and the keys that they are sealed with, counts as stored once so many replicas have it. Default 0. */
  replicas?: number;
  onEvent?: (event: StoreEvent) => void;
}

const COMMAND_TIMEOUT_MS = 50;

/** How long opening waits for the first connection, and closing for the last answers, in milliseconds. */
const GRACE_MS = 1000;

/** What carries large turns may owe an answer for as long as the largest takes, in milliseconds. */
const LARGE_SILENCE_MS = MOST_FOR_BYTES_MS + 5000;

/** While down, how often the store is asked although nobody calls, in milliseconds. */
const PROBE_EVERY_MS = 1000;

/** Opens a store on Redis; also one that is down, whose calls then fail until it comes. Throws on a malformed URL. */
export async function openRedisStore(url: string, options: RedisStoreOptions): Promise<Store> {
  const address = parseRedisUrl(url);
  const timeoutMs = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  const client = createClient(address, timeoutMs);
  // A conversation may be long to read: no rate limit waits for it, and no conversation for a large turn of another.
  const talk = createClient(address, timeoutMs);
  const large = createClient(address, timeoutMs, LARGE_SILENCE_MS);
  const asking = (options.replicas ?? 0) > 0 && client instanceof Redis ? client.duplicate() : undefined;
  const all = [client, talk, large, ...(asking ? [asking] : [])];
  // Of one name several addresses may be the same Redis.
  if (address.sentinel !== undefined) holdToOneMaster(all);
  const circuit = new Circuit(new Transitions(options.onEvent), () => performance.now());
  const store = new RedisStore(options, { client, talk, large, asking }, circuit, timeoutMs);
  await Promise.all(all.map(firstWord));
  return store;
}

interface Clients {
  readonly client: RedisClient;
  /** For conversations, and for what is large in them. */
  readonly talk: RedisClient;
  readonly large: RedisClient;
  /** For `Replication`. */
  readonly asking: Redis | undefined;
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
  /** Each connection that is asked, the store's first. */
  readonly #ways: readonly Way[];
  readonly #prober: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(
    { name, replicas = 0, onEvent }: RedisStoreOptions,
    { client, talk, large, asking }: Clients,
    circuit: Circuit,
    timeoutMs: number,
  ) {
    this.name = name;
    this.#client = client;
    this.#asking = asking;
    this.#circuit = circuit;
    const way = (by: RedisClient): Way => ({
      client: by,
      calls: new Calls(name, circuit, timeoutMs, () => receivedBy(by)),
    });
    const store = way(client);
    const [talking, largely] = [way(talk), way(large)];
    this.#ways = [store, talking, largely];
    this.#calls = store.calls;
    this.counters = new RedisCounters(client, this.#calls);
    this.logs = new RedisLogs(client, this.#calls);
    this.budgets = new RedisBudgets(client, this.#calls);
    this.ledger = new RedisLedger(client, this.#calls);
    const waitMs = Math.max(1, Math.floor(timeoutMs / 2));
    const replication = asking && new Replication(asking, { replicas, waitMs, withinMs: timeoutMs });
    this.documents = new RedisDocuments(client, this.#calls, replication);
    const lanes = { talk: new Lane(talking, store), large: new Lane(largely, store) };
    this.sessions = new RedisSessions(lanes, replication);
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
    for (const { calls } of this.#ways) calls.close();
    // QUIT is answered after all that was asked before it. A server that hangs or is gone has nothing to wait for.
    const ready = this.#ways.filter(({ client }) => client.status === 'ready');
    await Promise.allSettled(ready.map(({ client }) => withDeadline(client.quit(), GRACE_MS)));
    for (const { client } of this.#ways) client.disconnect();
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
