import { Redis } from 'ioredis';
import type { RedisClient } from './client.ts';

/**
 * Connections whose Sentinels tell each who the master is when it is made: those that were made before lead to the one of then,
 * which may be up still and be written to. Whenever one is there, those that lead elsewhere ask again.
 */
export function holdToOneMaster(clients: readonly RedisClient[]): void {
  const all = clients.filter((client) => client instanceof Redis);
  for (const client of all)
    client.on('ready', () => {
      // One that is being made asks by itself, and ioredis would end it for good.
      const ready = all.filter(({ status }) => status === 'ready');
      if (!ready.includes(client)) return;
      for (const other of ready) if (masterOf(other) !== masterOf(client)) other.disconnect(true);
    });
}

const masterOf = ({ stream }: Redis): string => `${stream.remoteAddress} ${stream.remotePort}`;
