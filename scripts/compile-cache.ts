import { join } from 'node:path';

/**
 * Lets every process that is started from here on keep what Node has compiled: tests and benches start the gateway some hundred
 * times, and a start is 2.5 s of CPU without and 1.5 s with it.
 */
export function keepCompiled(): void {
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled');
}
