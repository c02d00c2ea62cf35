import { Worker } from 'node:worker_threads';
import type { ThreadStart } from './messages.ts';

/** A thread of the engine (`worker.ts`). It keeps no process alive. */
export function openWorker(workerData: ThreadStart): Worker {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const worker = new Worker(new URL(`./worker${extension}`, import.meta.url), {
    workerData,
    name: 'hypercare',
    // Beside 64 MB of leaves and as much of all else: beyond it the engine ends, and the gateway does not.
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 },
  });
  worker.unref();
  return worker;
}
