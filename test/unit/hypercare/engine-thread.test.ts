import { expect, onTestFinished, test } from 'vitest';
import type { WatchedTick } from '../../../src/contracts/signal.ts';
import { EngineMeters } from '../../../src/hypercare/engine/engine-meters.ts';
import { EngineThread } from '../../../src/hypercare/engine/thread.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { Registry } from '../../../src/telemetry/metrics.ts';

test('what is asked for while a thread begins is counted by it', async () => {
  const settings = { tickMs: 10_000, confirmMs: 60_000, objectives: [], upstreams: {}, cacheTtl: {} };
  const engine = new EngineThread(
    { ...settings, imported: [], mostLeaves: 1000 },
    {
      log: openLog('silent', { write: () => undefined }).logger,
      meters: new EngineMeters(new Registry()),
      recent: { find: () => [] },
      now: () => 0,
      ticks: 'manual',
      flush: () => undefined,
      giveBack: () => undefined,
    },
  );
  onTestFinished(() => engine.stop());
  const counted: WatchedTick[] = [];
  engine.onWatched((tick) => counted.push(tick));
  const begins = engine.start();
  engine.watch({ id: 'f1', signal: 'errors', scopes: [{ route: 'shop' }], fromRevision: 0 });
  engine.watch({ id: 'f2', signal: 'errors', scopes: [{ route: 'shop' }], fromRevision: 0 });
  engine.unwatch('f2');
  await begins;
  await engine.tick(10_000);
  expect(counted).toMatchObject([{ watch: 'f1', bad: 0, total: 0 }]);
});
