// The log of what was done with conversations loses nothing in silence.
import { setImmediate as tick } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { ContextMeters } from '../../../src/context/meters.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import { openLog } from '../../../src/telemetry/logger.ts';

/** Operations that may wait for their lines. */
const ROOM = 10_000;

it('of more operations at once than there is room for, the rest is told as one line, and counted', async () => {
  const lines: { level: string; msg: string; untold?: number; context?: { session: string } }[] = [];
  const { logger } = openLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) });
  const registry = new Registry();
  const operations = new OperationLog(logger, new ContextMeters(registry));
  const note = (count: number): void => {
    for (let at = 1; at <= count; at++)
      operations.note({ op: 'erase', tenant: 'app', session: `s${at}`, outcome: 'ok' });
  };
  note(ROOM + 3);
  await tick();
  expect(lines).toHaveLength(ROOM + 1);
  expect(lines[ROOM - 1]).toMatchObject({ level: 'info', context: { session: `s${ROOM}` } });
  expect(lines[ROOM]).toMatchObject({ level: 'warn', untold: 3 });
  expect(lines[ROOM]).not.toHaveProperty('context');
  // It is told once.
  note(2);
  await tick();
  expect(lines.slice(ROOM + 1)).toMatchObject([
    { context: { session: 's1' } },
    { context: { session: 's2' } },
  ]);
  const figures = await registry.metrics();
  expect(figures).toContain('gateway_context_operations_untold_total 3');
  expect(figures).toContain(`gateway_context_operations_total{op="erase",outcome="ok"} ${ROOM + 5}`);
});
