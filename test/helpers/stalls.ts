import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Watches how late the event loop of this process is: where gateway and clients share it, that is no grace of the gateway's.
 * @returns ends it; the most at once, in milliseconds
 */
export function watchStalls(): () => number {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1e6;
  };
}
