import { Redis } from 'ioredis';
import type { RedisClient } from './client.ts';

/** Milliseconds between two times that connections are cut for that: Sentinels may disagree for a while. */
const CALM_MS = 1000;
/** So often in a row at most: one Redis may have several addresses. */
const MOST_ROUNDS = 10;

/**
 * Connections whose Sentinels tell each who the master is when it is made: those that were made before lead to the one of then,
 * which may be up still and be written to. Whenever one is there, those that lead elsewhere ask again.
 */
export function holdToOneMaster(clients: readonly RedisClient[]): void {
  const all = clients.filter((client) => client instanceof Redis);
  let cutAt = Number.NEGATIVE_INFINITY;
  let rounds = 0;
  let isPlanned = false;
  const hold = (to: Redis): void => {
    // One that is being made asks by itself, and ioredis would end it for good.
    const ready = all.filter(({ status }) => status === 'ready');
    if (!ready.includes(to)) return;
    const others = ready.filter((each) => masterOf(each) !== masterOf(to));
    if (others.length === 0) {
      if (ready.length === all.length) rounds = 0;
      return;
    }
    if (rounds === MOST_ROUNDS) return;
    const left = cutAt + CALM_MS - performance.now();
    if (left > 0) {
      if (isPlanned) return;
      isPlanned = true;
      setTimeout(() => {
        isPlanned = false;
        hold(to);
      }, left).unref();
      return;
    }
    cutAt = performance.now();
    rounds++;
    for (const other of others) other.disconnect(true);
  };
  for (const client of all) client.on('ready', () => hold(client));
}

const masterOf = ({ stream }: Redis): string => `${stream.remoteAddress} ${stream.remotePort}`;
