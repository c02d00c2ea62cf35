import type { Suite } from './harness/suite.ts';
import { abortSuite } from './load/abort.ts';
import { aiSuite } from './load/ai.ts';
import { apiSuite } from './load/api.ts';
import { contextSuite } from './load/context.ts';
import { engineSuite } from './load/engine.ts';
import { heldSuite } from './load/held.ts';
import { latencySuite } from './load/latency.ts';
import { memorySuite } from './load/memory.ts';
import { policiesSuite } from './load/policies.ts';
import { reloadSuite } from './load/reload.ts';
import { startSuite } from './load/start.ts';
import { streamSuite } from './load/stream.ts';
import { workersSuite } from './load/workers.ts';

/** Every suite that `npm run bench -- <suite>` knows. A later one is one more row. */
export const SUITES: Readonly<Record<string, () => Suite>> = {
  api: apiSuite,
  policies: policiesSuite,
  ai: aiSuite,
  stream: streamSuite,
  latency: latencySuite,
  reload: reloadSuite,
  memory: memorySuite,
  held: heldSuite,
  abort: abortSuite,
  workers: workersSuite,
  start: startSuite,
  context: contextSuite,
  engine: engineSuite,
};
