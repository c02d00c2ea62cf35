// The books are kept to their size while calls come, however many come in a minute.
import { expect, it, onTestFinished } from 'vitest';
import type { LedgerRow } from '../../../src/contracts/ledger.ts';
import { LedgerWriter } from '../../../src/record/ledger-writer.ts';
import { Commits } from '../../../src/stores/sqlite/commits.ts';
import { openDatabase } from '../../../src/stores/sqlite/database.ts';
import { SqliteLedger } from '../../../src/stores/sqlite/ledger.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { eventually } from '../../helpers/gateway.ts';

it('a tenth more rows than are kept, and the oldest go', async () => {
  const database = openDatabase();
  const ledger = new SqliteLedger(database, new Commits(database, () => undefined));
  const writer = new LedgerWriter({
    ledger,
    log: openLog('silent', { write: () => undefined }).logger,
    meters: { ledgerRowsLost: { inc: () => undefined } },
    limits: () => ({ keep: 60_000, maxRows: 1000 }),
    now: () => 30_000,
  } as unknown as ConstructorParameters<typeof LedgerWriter>[0]);
  onTestFinished(async () => {
    await writer.close();
    database.close();
  });
  const kept = () => Object.values(database.prepare('SELECT count(*), min(at) FROM ledger').get() ?? {});
  for (let at = 0; at < 3000; at++) {
    writer.write({ id: `r${at}`, at } as LedgerRow);
    if (at % 100 === 99) await writer.flush();
  }
  await eventually(() => Number(kept()[0]) <= 1100);
  expect(Number(kept()[1])).toBeGreaterThanOrEqual(1900);
});
