// Brought into a process by `--import`, with `--expose-gc`: on a message it tells what is in use, garbage left out.
import { setTimeout as sleep } from 'node:timers/promises';

/** In bytes. */
export interface MemoryTold {
  /** Objects, buffers and whatever else is reachable. */
  live: number;
  rss: number;
}

process.on('message', async () => {
  // The second takes what the first has let go of: finalizers free buffers in a later turn.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await sleep(10);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ live: heapUsed + external, rss } satisfies MemoryTold);
});
// Whoever asks keeps it alive, not this listener.
process.channel?.unref();
