import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configJsonSchema } from '../src/config/json-schema.ts';
import type { PolicyDescriptor } from '../src/contracts/policy.ts';
import { ERRORS } from '../src/errors/table.ts';
import { aiMatrix } from './ai-matrix.ts';
import { grafana } from './dashboards/grafana.ts';
import { DASHBOARDS } from './dashboards/index.ts';

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

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, text }]) =>
      `| \`${code}\` | ${status === 0 ? '–' : status} | ${retryable ? 'yes' : 'no'} | ${text} |`,
  );
  return `# Errors

Generated from \`src/errors/table.ts\`. The code is the \`reason\` of the access log and of the metrics, and the \`code\` of
the answer: \`application/problem+json\` (RFC 9457) on API routes, OpenAI's error object on AI routes. A status of – means
that the answer had begun, so that none could be sent: an event stream ends with an error event, anything else is cut.
Requests that did not fail have the reason \`ok\`; an upstream's own errors are passed on as \`upstream_4xx\` and
\`upstream_5xx\`. \`provider_invalid_answer\` is sent with the status that the provider names in its answer, if that is 429 or 500 to 599.

| code | status | worth a retry | text |
|---|---|---|---|
${rows.join('\n')}
`;
}

const generated: Readonly<Record<string, string>> = {
  'config/gateway.schema.json': json(configJsonSchema(await policies())),
  'docs/ai-matrix.md': aiMatrix(),
  'docs/errors.md': errorTable(),
  ...Object.fromEntries(
    Object.entries(DASHBOARDS).map(([name, dashboard]) => [
      `config/grafana/${name}.json`,
      json(grafana(dashboard)),
    ]),
  ),
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
