import { expect, it } from 'vitest';
import { ContextMeters } from '../../../src/context/meters.ts';
import { WriteBehind } from '../../../src/context/write-behind.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { openMetrics } from '../../../src/telemetry/metrics.ts';
import { commitOptions, draft } from '../../conformance/session-drafts.ts';

const ref = { tenant: 'app', session: 's1' };

function world() {
  const store = { isDown: true, committed: 0 };
  const sessions = {
    commit: async () => {
      if (store.isDown) throw new StoreUnavailable('it is down');
      store.committed++;
      return { kind: 'committed', version: 1, staleBase: false, repeated: false };
    },
  } as unknown as Sessions;
  const lines: string[] = [];
  const { logger } = openLog('error', { write: (line: string) => lines.push(line) });
  const metrics = openMetrics({ process: false });
  const behind = new WriteBehind(sessions, new ContextMeters(metrics), logger);
  const head = { generation: 1, version: 0, head: '', count: 0 };
  for (const said of ['one', 'two'])
    behind.push(ref, commitOptions(draft(said), { fence: 1, head: head as never }));
  return { store, behind, lines, metrics };
}

it('turns that the store has not taken when the gateway ends are told as lost', async () => {
  const { behind, lines, metrics } = world();
  await behind.close();
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 'error', turns: 2 }]);
  expect(await metrics.metrics()).toContain(
    'gateway_context_operations_total{op="write-behind",outcome="lost"} 2',
  );
});

it('turns that it takes at the end are not', async () => {
  const { store, behind, lines } = world();
  store.isDown = false;
  await behind.close();
  expect([store.committed, behind.has(ref), lines]).toEqual([2, false, []]);
});
