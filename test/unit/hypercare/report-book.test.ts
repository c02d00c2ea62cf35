import { expect, it } from 'vitest';
import { ReportBook } from '../../../src/hypercare/feedback/report-book.ts';
import { openStore } from '../../../src/stores/index.ts';
import { report } from '../../helpers/report.ts';

const DAY_MS = 86_400_000;

it('what somebody said is kept as long as the config says, also when it was linked, answered or said again', async () => {
  const begin = Date.UTC(2026, 10, 23);
  let now = begin;
  const store = await openStore('memory:', { now: () => now });
  const book = new ReportBook(store.documents, { keepMs: () => 30 * DAY_MS, now: () => now });
  const said = report({ id: 'R1', at: begin });
  await book.add(said, '');
  now += 60_000;
  await book.add(report({ id: 'R2', at: now }), '');
  now += 20 * DAY_MS;
  await book.change('R1', (known) => ({ ...known, findings: ['F1'] }));
  now = begin + 30 * DAY_MS - 1;
  expect(await book.get('R1')).toMatchObject({ count: 2, findings: ['F1'] });
  now = begin + 30 * DAY_MS;
  expect(await book.get('R1')).toBeUndefined();
  await store.close();
});
