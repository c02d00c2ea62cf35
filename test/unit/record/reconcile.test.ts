import { expect, it, onTestFinished } from 'vitest';
import type { LedgerRow } from '../../../src/contracts/ledger.ts';
import { csvLine, parseCsv } from '../../../src/lib/csv.ts';
import { readInvoice } from '../../../src/record/invoice.ts';
import { reconcile } from '../../../src/record/reconcile.ts';
import { openStore } from '../../../src/stores/index.ts';
import { ledgerRow } from '../../helpers/ledger-row.ts';

const row = (
  day: string,
  model: string,
  tokens: number,
  usd: number,
  rest: Partial<LedgerRow> = {},
): LedgerRow =>
  ledgerRow({
    at: Date.parse(`${day}T12:00:00Z`),
    upstreamModel: model,
    tokens: { input: tokens, output: 0, cached: 0, cacheWrite: 0, reasoning: 0, audio: 0, image: 0 },
    usd,
    ...rest,
  });

async function ledgerOf(rows: LedgerRow[]) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  for (let at = 0; at < rows.length; at += 500) await store.ledger.append(rows.slice(at, at + 500));
  return store.ledger;
}

it('the books and the invoice are compared by day and model, and small differences pass', async () => {
  const ledger = await ledgerOf([
    row('2026-11-01', 'gpt', 600, 1.47),
    row('2026-11-01', 'gpt', 400, 0),
    row('2026-11-01', 'haiku', 1000, 2),
    row('2026-11-02', 'haiku', 500, 1),
    row('2026-11-02', 'free', 10, 0.001),
    row('2026-12-24', 'gpt', 9999, 99),
  ]);
  const invoice = readInvoice(
    'Date,Model,Input Tokens,Output Tokens,Cost\n' +
      '2026-11-01,gpt,900,110,$830.00\n2026-11-01,haiku,1000,0,2.01\n2026-11-02,late,5,5,0.5\n',
  );

  expect((await reconcile(ledger, invoice, { threshold: 0.02 })).differences).toEqual([
    { day: '2026-11-01', model: 'gpt', unit: 'usd', ours: 1.47, theirs: 830, ratio: (830 - 1.47) / 830 },
    { day: '2026-11-02', model: 'haiku', unit: 'tokens', ours: 500, theirs: 0, ratio: -1 },
    { day: '2026-11-02', model: 'late', unit: 'tokens', ours: 0, theirs: 10, ratio: 1 },
    { day: '2026-11-02', model: 'free', unit: 'tokens', ours: 10, theirs: 0, ratio: -1 },
    { day: '2026-11-02', model: 'haiku', unit: 'usd', ours: 1, theirs: 0, ratio: -1 },
    { day: '2026-11-02', model: 'late', unit: 'usd', ours: 0, theirs: 0.5, ratio: 1 },
  ]);
  expect(await reconcile(ledger, [], { threshold: 0 })).toEqual({ differences: [], bill: undefined });
});

it('the models of other providers are no differences to the invoice of one', async () => {
  const at = (provider: string) => ({ provider });
  const ledger = await ledgerOf([
    row('2026-11-01', 'gpt', 1000, 2, at('openai')),
    row('2026-11-01', 'gpt-mini', 700, 1, at('openai')),
    row('2026-11-01', 'haiku', 500, 1, at('anthropic')),
    row('2026-11-02', 'gpt', 300, 1, at('azure')),
  ]);
  const invoice = readInvoice('day,model,tokens,usd\n2026-11-01,gpt,1000,2\n');
  const compared = async (text: typeof invoice, provider?: string) => {
    const { differences, bill } = await reconcile(ledger, text, { threshold: 0, provider });
    return [differences.map(({ model, unit }) => `${model} ${unit}`), bill?.provider];
  };

  expect(await compared(invoice)).toEqual([['gpt-mini tokens', 'gpt-mini usd'], 'openai']);
  // Both have it; of Azure's nothing was used on the day of the invoice.
  const both = readInvoice('day,model,tokens,usd\n2026-11-01,gpt,1000,2\n2026-11-02,gpt,300,1\n');
  expect(await compared(both)).toEqual([['gpt-mini tokens', 'gpt-mini usd'], undefined]);
  expect(await compared(both, 'azure')).toEqual([['gpt tokens', 'gpt usd'], 'azure']);
});

it.each([
  ['', 'line 1: it must name'],
  ['day,model\n2026-11-01,gpt', 'line 1: it must name'],
  ['day,model,usd\n2026-11-01,gpt,1\n1.11.2026,gpt,1', 'line 3: "1.11.2026" is no day'],
  ['day,model,usd\n2026-11-01,gpt,many', 'line 2: "many" is no number'],
])('what is no invoice is said with its line: %j', (text, message) => {
  expect(() => readInvoice(text)).toThrow(message);
});

it('CSV is read and written as spreadsheets do, and never as a formula', () => {
  const cells = ['plain', 'a,b', 'say "hi"', 'two\nlines', '', 'é🙂'];
  expect(parseCsv(`\ufeff${csvLine(cells)}\r\n${csvLine(['x'])}`)).toEqual([cells, ['x']]);
  expect(csvLine(['=1+1', '-2', -2, 1.5])).toBe("'=1+1,'-2,-2,1.5\r\n");
});
