import type {
  DeleteOptions,
  Documents,
  PutOptions,
  PutResult,
  StoredDocument,
  Written,
} from '../../contracts/store.ts';
import { checkLimit, checkName, checkTtl, encode } from '../check.ts';
import type { Calls } from './calls.ts';
import type { RedisClient } from './client.ts';
import type { Replication } from './replication.ts';

/**
 * A document is a hash (`v` version, `j` JSON), and a collection has an index, a sorted set in which all scores are
 * equal and Redis therefore orders by bytes; a number counts its writes, and a list has the last of them. All carry the collection as hash tag: a Cluster keeps
 * them on one node.
 */
export class RedisDocuments implements Documents {
  readonly #client: RedisClient;
  readonly #calls: Calls;
  readonly #replication: Replication | undefined;

  /** @param replication where replicas must have what no failover may take back */
  constructor(client: RedisClient, calls: Calls, replication?: Replication) {
    this.#client = client;
    this.#calls = calls;
    this.#replication = replication;
  }

  async get<T>(collection: string, id: string): Promise<StoredDocument<T> | undefined> {
    const { document } = keys(collection, id);
    const [version, json] = await this.#calls.make(() => this.#client.hmget(document, 'v', 'j'));
    if (version == null || json == null) return undefined;
    return { id, version: Number(version), value: JSON.parse(json) as T };
  }

  async put<T>(collection: string, id: string, value: T, options: PutOptions = {}): Promise<PutResult> {
    const { document, index, writes, log } = keys(collection, id);
    const json = encode(value);
    const ttlMs = checkTtl(options.ttlMs) ?? '';
    const connection = this.#replication?.connection ?? 0;
    const [ok, version] = await this.#calls.make(() =>
      this.#client.hypercarePut(document, index, writes, log, id, json, options.ifVersion ?? '', ttlMs),
    );
    if (options.replicated && ok === 1) await this.#replication?.reached(connection);
    return { ok: ok === 1, version };
  }

  async delete(collection: string, id: string, options: DeleteOptions = {}): Promise<boolean> {
    const { document, index, writes, log } = keys(collection, id);
    const connection = this.#replication?.connection ?? 0;
    const gone = await this.#calls.make(() =>
      this.#client.hypercareDelete(document, index, writes, log, id, options.ifVersion ?? ''),
    );
    // Also where there was none: somebody may have deleted it before, and not have heard that replicas know.
    if (options.wipe) await this.#replication?.reached(connection);
    return gone === 1;
  }

  async list<T>(
    collection: string,
    options: { after?: string; limit?: number } = {},
  ): Promise<StoredDocument<T>[]> {
    const rows = await this.#rows(collection, 'j', options);
    return rows.map(([id, version, json]) => ({
      id,
      version: Number(version),
      value: JSON.parse(json) as T,
    }));
  }

  async versions(
    collection: string,
    options: { after?: string; limit?: number } = {},
  ): Promise<Pick<StoredDocument, 'id' | 'version'>[]> {
    const rows = await this.#rows(collection, 'v', options);
    return rows.map(([id, version]) => ({ id, version: Number(version) }));
  }

  async written(collection: string, since?: string): Promise<Written> {
    const { writes, log } = collectionKeys(collection);
    const [count, entries] = await this.#calls.make(() =>
      this.#client.hypercareWritten(writes, log, since ?? ''),
    );
    const found = entries.map((entry) => entry.slice(entry.indexOf(' ') + 1));
    // The oldest has to be the first since then: a gateway of an older version counts its writes and notes none.
    const oldest = entries.at(-1)?.split(' ', 1)[0];
    const isWhole =
      since !== undefined &&
      Number(count) - Number(since) === entries.length &&
      (oldest === undefined || Number(oldest) === Number(since) + 1);
    return { stamp: String(count), ids: isWhole ? [...new Set(found)] : undefined };
  }

  /** @param field which is read beside the version */
  async #rows(
    collection: string,
    field: 'j' | 'v',
    options: { after?: string; limit?: number },
  ): Promise<[id: string, version: string, value: string][]> {
    const { prefix, index } = collectionKeys(collection);
    const limit = checkLimit(options.limit);
    const rows: [string, string, string][] = [];
    let from = options.after ? `(${options.after}` : '-';
    while (rows.length < limit) {
      const wanted = limit - rows.length;
      const [last, found] = await this.#calls.make(() =>
        this.#client.hypercareList(index, prefix, from, wanted, field),
      );
      for (let at = 0; at + 2 < found.length; at += 3)
        rows.push([found[at]!, found[at + 1]!, found[at + 2]!]);
      if (last === '') break;
      from = `(${last}`;
    }
    return rows;
  }
}

function collectionKeys(collection: string): Record<'prefix' | 'index' | 'writes' | 'log', string> {
  checkName('collection', collection);
  // Encoded, because a brace in it would end the hash tag early.
  const tagged = `hypercare:{${encodeURIComponent(collection)}}`;
  return { prefix: `${tagged}:d:`, index: `${tagged}:i`, writes: `${tagged}:w`, log: `${tagged}:l` };
}

function keys(collection: string, id: string): Record<'document' | 'index' | 'writes' | 'log', string> {
  const { prefix, ...rest } = collectionKeys(collection);
  checkName('id', id);
  return { document: prefix + id, ...rest };
}
