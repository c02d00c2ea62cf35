// `hypercare reconcile`: a provider's invoice against the books, from the command line.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runCli } from '../../src/cli/index.ts';
import { aiGateway, chat, hello, rawProvider } from '../helpers/ai.ts';
import { configText } from '../helpers/gateway.ts';

async function reconcile(args: string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const keep = (text: unknown): boolean => {
    output += String(text);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  try {
    return { code: await runCli(['node', 'hypercare', 'reconcile', ...args]), output };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

it('says where the invoice and the ledger differ, and ends with 1 if they do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-reconcile-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = { url: `sqlite:${join(folder, 'store.db')}` };
  const usage = { prompt_tokens: 1_000, completion_tokens: 500 };
  const provider = await rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }], usage })),
  );
  const gateway = await aiGateway([provider], { store });
  await chat(gateway, hello());
  await gateway.close();
  const config = join(folder, 'gateway.yaml');
  await writeFile(config, configText({ store }));
  const invoice = join(folder, 'invoice.csv');
  const today = new Date().toISOString().slice(0, 10);

  await writeFile(invoice, `date,model,input_tokens,output_tokens\n${today},gpt-4o-mini,1000,510\n`);
  expect(await reconcile([invoice, '-c', config])).toEqual({ code: 0, output: '1 lines, 0 differences\n' });
  const strict = await reconcile([invoice, '-c', config, '--threshold', '0.5%']);
  expect(strict.code).toBe(1);
  expect(strict.output).toContain(`${today}  gpt-4o-mini  tokens: ledger 1500, invoice 1510 (0.7%)`);

  expect((await reconcile([invoice, '-c', config, '--provider', 'p0'])).code).toBe(0);
  expect((await reconcile([invoice, '-c', config, '--provider', 'another'])).output).toContain('ledger 0, ');

  const snapshot = `gpt-4o-mini-2024-07-18,1000,500\n${today},web search tool calls,7,0`;
  await writeFile(invoice, `date,model,input_tokens,output_tokens\n${today},${snapshot}\n`);
  expect((await reconcile([invoice, '-c', config])).output.split('\n')).toEqual([
    `${today}  web search tool calls  tokens: ledger 0, invoice 7 (100.0%)`,
    'of these the ledger has nothing: web search tool calls',
    '2 lines, 1 differences',
    '',
  ]);

  await writeFile(invoice, 'what,is,this\n');
  const unread = await reconcile([invoice, '-c', config]);
  expect([unread.code, unread.output]).toEqual([
    2,
    expect.stringContaining('line 1: it must name the columns'),
  ]);
  const missing = await reconcile([join(folder, 'missing.csv'), '-c', config]);
  expect([missing.code, missing.output]).toEqual([2, expect.stringContaining('missing.csv')]);
  await writeFile(config, configText({ store: { url: 'memory:' } }));
  const nowhere = await reconcile([invoice, '-c', config]);
  expect([nowhere.code, nowhere.output]).toEqual([2, expect.stringContaining('the store is memory')]);
  expect((await reconcile([invoice, '-c', config, '--threshold', 'much'])).code).toBe(2);
});
