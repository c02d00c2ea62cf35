import type { Suite } from './harness/suite.ts';
import { aiSuite } from './load/ai.ts';
import { apiSuite } from './load/api.ts';
import { latencySuite } from './load/latency.ts';
import { memorySuite } from './load/memory.ts';
import { reloadSuite } from './load/reload.ts';
import { startSuite } from './load/start.ts';
import { streamSuite } from './load/stream.ts';
import { workersSuite } from './load/workers.ts';

/** Every suite that `npm run bench -- <suite>` knows. A later one is one more row. */
export const SUITES: Readonly<Record<string, () => Suite>> = {
  api: apiSuite,
  ai: aiSuite,
  stream: streamSuite,
  latency: latencySuite,
  reload: reloadSuite,
  memory: memorySuite,
  workers: workersSuite,
  start: startSuite,
};
