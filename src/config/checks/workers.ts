import type { Check } from './context.ts';

/** Several processes need a place for what they share. */
export const checkWorkers: Check = (config, { report }) => {
  const workers = config.get('server', 'workers');
  const url = config.get('store', 'url');
  const asksForSeveral = workers.value === 'auto' || (workers.number ?? 1) > 1;
  if (asksForSeveral && url.text?.startsWith('memory:'))
    report(
      url,
      'memory: belongs to one process, and server.workers asks for several: use sqlite:PATH or Redis, or server.workers: 1',
    );
};
