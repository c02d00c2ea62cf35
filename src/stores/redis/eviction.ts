import type { RedisClient } from './client.ts';

/** By which policy Redis lets keys go when its memory is full; undefined: it lets none go. */
export async function evictionPolicy(client: RedisClient): Promise<string | undefined> {
  const memory = await client.info('memory');
  return /^maxmemory_policy:((?:allkeys|volatile)-\S+)/m.exec(memory)?.[1];
}
