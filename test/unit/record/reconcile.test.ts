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
  expect(await reconcile(ledger, [], { threshold: 0 })).toEqual({
    differences: [],
    unmatched: [],
    bill: undefined,
  });
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

it('Anthropic’s export of usage is read with all that was written to its cache', async () => {
  const ledger = await ledgerOf([row('2026-11-01', 'claude-haiku-4-5', 21_000, 1)]);
  const invoice = readInvoice(
    'usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,' +
      'usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,' +
      'usage_output_tokens,web_search_count,inference_geo,speed\n' +
      '2026-11-01 02:00,claude-haiku-4-5-20251001,k,Default,standard,≤ 200k,4000,8000,4000,3000,2000,0,global,\n',
  );

  expect(invoice[0]?.tokens).toBe(21_000);
  // It is asked for by its name, and billed as the snapshot that answered.
  expect(await reconcile(ledger, invoice, { threshold: 0 })).toMatchObject({
    differences: [],
    unmatched: [],
  });
});

it('Anthropic’s export of costs names models as people do', async () => {
  const ledger = await ledgerOf([
    row('2026-11-01', 'claude-haiku-4-5-20251001', 9, 0.05, { provider: 'anthropic' }),
    row('2026-11-01', 'claude-3-5-sonnet-20241022', 9, 1, { provider: 'anthropic' }),
  ]);
  const invoice = readInvoice(
    'usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd\n' +
      '2026-11-01,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,0.02,0.02\n' +
      '2026-11-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,0.03,0.03\n' +
      '2026-11-01,Claude Sonnet 3.5,Default,k,message,≤ 200k,output,1,1\n',
  );

  const { differences, unmatched, bill } = await reconcile(ledger, invoice, { threshold: 0 });
  expect(bill).toEqual({ provider: 'anthropic', ledgerUsd: 1.05, providerUsd: 1.05 });
  // What can't be told is said.
  expect(unmatched).toEqual(['Claude Sonnet 3.5']);
  expect(differences.map(({ model }) => model)).toEqual(['Claude Sonnet 3.5', 'claude-3-5-sonnet-20241022']);
});

it('OpenAI’s export of costs has a line for each kind of token of a snapshot, and for what is no model', async () => {
  const provider = { provider: 'openai' };
  const ledger = await ledgerOf([
    row('2026-11-01', 'gpt-4o-mini', 9, 0.5, provider),
    row('2026-11-01', 'gpt-audio', 9, 2, provider),
  ]);
  const line = (usd: string, item: string) =>
    `1793491200,1793577600,2026-11-01T00:00:00+00:00,2026-11-02T00:00:00+00:00,${usd},usd,,,"${item}",proj\n`;
  const invoice = readInvoice(
    'start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,' +
      `line_item,project_id\n${line('', '')}` +
      line('0.1000000000000000000000000000', 'gpt-4o-mini-2024-07-18, input') +
      line('0E-6176', 'gpt-4o-mini-2024-07-18, cached input') +
      line('0.4', 'gpt-4o-mini-2024-07-18, output') +
      line('2', 'gpt-audio-2025-08-28 audio, output') +
      line('0.25', 'web search tool calls'),
  );

  const { differences, unmatched, bill } = await reconcile(ledger, invoice, { threshold: 0 });
  expect(invoice).toHaveLength(5);
  expect(differences.map(({ model, ours, theirs }) => [model, ours, theirs])).toEqual([
    ['web search tool calls', 0, 0.25],
  ]);
  expect(unmatched).toEqual(['web search tool calls']);
  expect(bill).toMatchObject({ provider: 'openai', ledgerUsd: 2.5 });
});

it('snapshots that are asked for by their names stay apart', async () => {
  const ledger = await ledgerOf([
    row('2026-11-01', 'gpt-4o-2024-05-13', 100, 1),
    row('2026-11-01', 'o3-2025-04-16', 10, 1),
    row('2026-11-01', 'mistral-large-latest', 5, 1),
  ]);
  const invoice = readInvoice(
    'day,model,tokens\n2026-11-01,gpt-4o-2024-05-13,100\n2026-11-01,gpt-4o-2024-08-06,7\n' +
      '2026-11-01,o3-2025-05-01,10\n2026-11-01,mistral-large-2411,5\n2026-11-01,,3\n',
  );

  const { differences, unmatched } = await reconcile(ledger, invoice, { threshold: 0 });
  expect(differences.map(({ model, ours, theirs }) => [model, ours, theirs])).toEqual([
    ['o3-2025-05-01', 0, 10],
    ['o3-2025-04-16', 10, 0],
    ['gpt-4o-2024-08-06', 0, 7],
    ['(no model)', 0, 3],
  ]);
  expect(unmatched).toEqual(['gpt-4o-2024-08-06', 'o3-2025-05-01', '(no model)']);
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
