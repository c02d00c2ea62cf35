import type { Check } from './context.ts';

/** Several processes need a place for what they share, and enough to share. */
export const checkWorkers: Check = (config, { report }) => {
  const workers = config.get('server', 'workers');
  const url = config.get('store', 'url');
  const asksForSeveral = workers.value === 'auto' || (workers.number ?? 1) > 1;
  if (asksForSeveral && url.text?.startsWith('memory:'))
    report(
      url,
      'memory: belongs to one process, and server.workers asks for several: use sqlite:PATH or Redis, or server.workers: 1',
    );
  const { number: count } = workers;
  if (count === undefined) return;
  for (const owner of [...config.get('routes').items, config.get('ai'), config.get('mcp')]) {
    const max = owner.get('concurrency', 'max');
    if (max.number !== undefined && max.number < count)
      report(
        max,
        `is less than the workers there are: each of ${count} lets in one at least, so ${count} could run at once; set server.workers: ${max.number}, or ${count} here`,
      );
  }
};
