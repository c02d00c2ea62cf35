import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load.ts';
import { policySchemas } from '../gateway.ts';
import { readInvoice } from '../record/invoice.ts';
import { type ReconcileOptions, reconcile } from '../record/reconcile.ts';
import { openStore } from '../stores/index.ts';
import { refusedStart } from './refused-start.ts';

/** Says where a provider's invoice and the ledger differ; 0 if nowhere, 1 if somewhere, 2 if that can't be told. */
export async function reconcileCommand(
  file: string,
  config: string,
  options: ReconcileOptions,
): Promise<number> {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  try {
    const loaded = loadConfig({ file: config, env: process.env, policies: await policySchemas() });
    const { url, timeout } = loaded.config.store;
    if (url === 'memory:') throw new Error('the store is memory: ask the gateway, POST /api/usage/reconcile');
    const invoice = readInvoice(await readFile(file, 'utf8'));
    const store = await openStore(url, { commandTimeoutMs: timeout });
    try {
      const { differences, unmatched } = await reconcile(store.ledger, invoice, options);
      for (const { day, model, unit, ours, theirs, ratio } of differences)
        say(`${day}  ${model}  ${unit}: ledger ${ours}, invoice ${theirs} (${(ratio * 100).toFixed(1)}%)`);
      if (unmatched.length > 0) say(`of these the ledger has nothing: ${unmatched.join(', ')}`);
      say(`${invoice.length} lines, ${differences.length} differences`);
      return differences.length === 0 ? 0 : 1;
    } finally {
      await store.close();
    }
  } catch (error) {
    refusedStart(error);
    return 2;
  }
}
