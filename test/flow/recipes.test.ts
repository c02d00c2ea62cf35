import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { policySchemas } from '../../src/gateway.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, type LogLine } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';
import { promtool } from '../helpers/prometheus.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The code on docs/integrations.md, by the heading that it stands under. */
let recipes: ReadonlyMap<string, readonly { language: string; code: string }[]>;

beforeAll(async () => {
  const text = await readFile(join(ROOT, 'docs/integrations.md'), 'utf8');
  recipes = new Map(
    text.split(/^## /m).map((section) => [
      section.split('\n', 1)[0] ?? '',
      [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language = '', code = '']) => ({
        language,
        code,
      })),
    ]),
  );
});

function recipe(heading: string, language: string): string {
  const [title] = [...recipes.keys()].filter((each) => each.startsWith(heading));
  const blocks = recipes.get(title ?? '')?.filter((block) => block.language === language) ?? [];
  expect(blocks.length, `${heading}: ${language}`).toBeGreaterThan(0);
  return blocks.map(({ code }) => code).join('\n');
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hypercare-recipes-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

it('Prometheus reads its recipe, with the rules beside it', async () => {
  const at = await folder();
  await symlink(join(ROOT, 'config'), join(at, 'config'));
  const file = join(at, 'prometheus.yml');
  await writeFile(file, recipe('Prometheus', 'yaml'));
  const { code, output } = await promtool('check', 'config', file);
  expect(code, output).toBe(0);
  expect(output).toContain('2 rule files found');
});

it('the gateway reads what a recipe asks of it', async () => {
  const at = await folder();
  const policies = await policySchemas();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTLP_KEY: 'k',
    SENTRY_OTLP_ENDPOINT: 'https://o1.ingest.sentry.io/api/2/integration/otlp',
    SENTRY_PUBLIC_KEY: 'public',
  };
  for (const heading of ['OTLP', 'Errors to Sentry']) {
    const file = join(at, 'gateway.yaml');
    await writeFile(file, `version: 1\nroutes: []\n${recipe(heading, 'yaml')}`);
    const { config } = loadConfig({ file, env, policies });
    expect(config.telemetry.otlp.endpoint).toMatch(/^https?:/);
    if (heading === 'OTLP') expect(config.telemetry.otlp.credentials).toEqual({ 'api-key': 'k' });
    else expect(config.telemetry.otlp.credentials['x-sentry-auth']).toBe('sentry sentry_key=public');
  }
});

it('what reads the log asks for fields that a line has, and takes its time as it is written', async () => {
  const { url } = await backend((_request, response) => response.end('a product'));
  const gateway = await gatewayProcess({
    upstreams: { shop: { targets: [{ url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
  });
  await gateway.gets('/products', 1);
  const line = (await eventually(() => gateway.lines().find(({ msg }) => msg === 'request'))) as LogLine;
  // All of the log is JSON, or who reads it trips: a banner of npm's, say.
  expect(gateway.lines().length).toBeGreaterThan(1);

  const alloy = recipe('Logs to Loki', 'alloy');
  const [, expressions = ''] = /expressions = \{(.*?)\}/.exec(alloy) ?? [];
  const fields = [...expressions.matchAll(/\w+ = "(\w+)"/g)].map(([, field = '']) => field);
  expect(fields).toContain('reason');
  for (const field of [...fields, 'request_id']) expect(line, field).toHaveProperty(field);
  const [, labels = ''] = /values = \{(.*?)\}/.exec(alloy) ?? [];
  for (const [, label] of labels.matchAll(/(\w+) = /g)) expect(fields).toContain(label);

  const filebeat = parse(recipe('Logs to Elasticsearch', 'yaml')) as {
    'filebeat.inputs': [{ parsers: [{ ndjson: { target: string } }] }];
    processors: [{ timestamp: { field: string; layouts: [string]; test: string[] } }];
  };
  const [{ timestamp }] = filebeat.processors;
  const [{ parsers }] = filebeat['filebeat.inputs'];
  const [{ ndjson }] = parsers;
  expect(timestamp.field).toBe(`${ndjson.target}.time`);
  // Go's layout, and strptime's: its example in digits.
  const go = (layout: string): RegExp =>
    new RegExp(`^${layout.replace('.', '\\.').replaceAll(/\d/g, '\\d')}$`);
  for (const time of [line.time, ...timestamp.test]) expect(time).toMatch(go(timestamp.layouts[0]));

  const fluentBit = recipe('Logs to Splunk', 'ini');
  const setting = (name: string): string =>
    new RegExp(`^ *${name} +(\\S+)$`, 'm').exec(fluentBit)?.[1] ?? `no ${name}`;
  expect(line).toHaveProperty(setting('Time_Key'));
  const digits = { Y: 4, m: 2, d: 2, H: 2, M: 2, S: 2, L: 3 } as const;
  const strptime = setting('Time_Format')
    .replace('.', '\\.')
    .replace('%z', 'Z')
    .replaceAll(/%([YmdHMSL])/g, (_, each: keyof typeof digits) => `\\d{${digits[each]}}`);
  expect(line.time).toMatch(new RegExp(`^${strptime}$`));
  expect(setting('Parser')).toBe('hypercare');
});
