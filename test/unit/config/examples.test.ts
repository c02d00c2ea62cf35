import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { policySchemas } from '../../../src/gateway.ts';
import { authority, dns } from '../../helpers/certificates.ts';

const folder = join(import.meta.dirname, '../../../config');
const files = [
  join(folder, 'gateway.yaml'),
  ...readdirSync(join(folder, 'examples')).map((name) => join(folder, 'examples', name)),
];
const env = {
  BOT_KEY_SHA256: 'ab'.repeat(32),
  STOREFRONT_KEY_SHA256: 'cd'.repeat(32),
  HYPERCARE_ADMIN_TOKEN: 'a-token-of-some-length',
  PROBE_ADMIN_TOKEN: 'a-token-of-the-prober',
  PROBE_KEY: 'a-key-of-the-prober',
  PROBE_KEY_SHA256: 'ef'.repeat(32),
};

it.each(
  files.filter((file) => file.endsWith('.yaml')),
)('%s is valid, and asks for nothing that is not built', async (file) => {
  const secrets = await mkdtemp(join(tmpdir(), 'hypercare-secrets-'));
  try {
    await writeFile(join(secrets, 'openai'), 'a-key\n');
    for (const name of ['shop', 'api']) {
      const { cert, key } = await (await authority()).issue({ names: dns(`${name}.example.com`) });
      await writeFile(join(secrets, `${name}.crt`), cert);
      await writeFile(join(secrets, `${name}.key`), key);
    }
    const text = (await readFile(file, 'utf8')).replaceAll('/run/secrets', secrets);
    const { inactive } = loadConfig({ file, text, env, policies: await policySchemas() });
    expect(inactive).toEqual([]);
  } finally {
    await rm(secrets, { recursive: true });
  }
});
