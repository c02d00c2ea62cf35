import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configJsonSchema } from '../src/config/json-schema.ts';
import type { PolicyDescriptor } from '../src/contracts/policy.ts';

/**
 * Writes what is generated from the sources. With `--check` it writes nothing and exits 1 if something differs from
 * what is committed, naming it.
 */
const ROOT = dirname(import.meta.dirname);

async function policies(): Promise<Record<string, PolicyDescriptor>> {
  const folder = join(ROOT, 'plugins');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found: Record<string, PolicyDescriptor> = {};
  for (const name of names) {
    const index = join(folder, name, 'index.ts');
    if (!existsSync(index)) continue;
    const plugin = (await import(pathToFileURL(index).href)) as { default: PolicyDescriptor };
    found[plugin.default.name] = plugin.default;
  }
  return found;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const generated: Readonly<Record<string, string>> = {
  'config/gateway.schema.json': json(configJsonSchema(await policies())),
};

const isCheck = process.argv.includes('--check');
for (const [name, content] of Object.entries(generated)) {
  const file = join(ROOT, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
  if (isCheck) {
    process.stderr.write(
      `${relative(ROOT, file)} is not what the sources say: run "node scripts/generate.ts"\n`,
    );
    process.exitCode = 1;
  } else {
    writeFileSync(file, content);
    process.stdout.write(`wrote ${relative(ROOT, file)}\n`);
  }
}
