import { randomBytes } from 'node:crypto';
import { Redis, type Result } from 'ioredis';
import { CONTENT, timed, WRITERS, type Written } from './timed-writers.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** version, list; the version that was read, a turn → 1 if it is appended, 0 where another was faster */
    benchAppendIf(version: string, list: string, seen: string, turn: string): Result<0 | 1, Context>;
  }
}

const scripts = {
  benchAppendIf: {
    numberOfKeys: 2,
    lua: `
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('INCR', KEYS[1])
return 1`,
  },
} as const;

/** A way to write one turn; again until it is taken. */
interface Way {
  readonly method: string;
  append(client: Redis, key: string, id: string): Promise<void>;
  /** The ids of all turns. */
  read(client: Redis, key: string): Promise<readonly string[]>;
}

interface Turn {
  readonly id: string;
  readonly content: string;
}

const turnsIn = async (client: Redis, key: string): Promise<Turn[]> =>
  JSON.parse((await client.get(key)) ?? '[]') as Turn[];
const idsOfBlob = async (client: Redis, key: string) => (await turnsIn(client, key)).map(({ id }) => id);
const idsOfList = async (client: Redis, key: string) =>
  (await client.lrange(`${key}:t`, 0, -1)).map((turn) => (JSON.parse(turn) as Turn).id);
const version = async (client: Redis, key: string): Promise<string> => (await client.get(`${key}:v`)) ?? '0';

/** As others do it. All but the first lose nothing. */
const WAYS: readonly Way[] = [
  {
    method: 'a blob, read, changed and written',
    async append(client, key, id) {
      const all = await turnsIn(client, key);
      await client.set(key, JSON.stringify([...all, { id, content: CONTENT }]));
    },
    read: idsOfBlob,
  },
  {
    method: 'a blob with WATCH, again until it is taken',
    async append(client, key, id) {
      for (;;) {
        await client.watch(key);
        const all = await turnsIn(client, key);
        const text = JSON.stringify([...all, { id, content: CONTENT }]);
        if (await client.multi().set(key, text).exec()) return;
      }
    },
    read: idsOfBlob,
  },
  {
    method: 'a list with WATCH on its version, again until it is taken',
    async append(client, key, id) {
      const turn = JSON.stringify({ id, content: CONTENT });
      for (;;) {
        await client.watch(`${key}:v`);
        await version(client, key);
        if (await client.multi().rpush(`${key}:t`, turn).incr(`${key}:v`).exec()) return;
      }
    },
    read: idsOfList,
  },
  {
    method: 'a script that compares the version, again until it is taken',
    async append(client, key, id) {
      const turn = JSON.stringify({ id, content: CONTENT });
      for (;;) {
        const seen = await version(client, key);
        if ((await client.benchAppendIf(`${key}:v`, `${key}:t`, seen, turn)) === 1) return;
      }
    },
    read: idsOfList,
  },
];

/** What others do, each writer with a connection of its own. */
export async function othersOn(url: string, turns: number): Promise<Written[]> {
  const written: Written[] = [];
  for (const { method, append, read } of WAYS) {
    const clients = Array.from({ length: WRITERS }, () => new Redis(url, { scripts }));
    const [any] = clients as [Redis];
    // One hash tag, so that all keys of one conversation lie together.
    const key = `{${randomBytes(8).toString('hex')}}`;
    try {
      written.push(
        await timed(
          method,
          turns,
          (writer, turn) => append(clients[writer] as Redis, key, `${writer}.${turn}`),
          () => read(any, key),
        ),
      );
    } finally {
      for (const client of clients) client.disconnect();
    }
  }
  return written;
}
