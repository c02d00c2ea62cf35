import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';
import { promtool, testPrometheus } from '../helpers/prometheus.ts';

const CONFIG = join(import.meta.dirname, '../../config');
const RULES = ['recording.yaml', 'alerts.yaml'].map((name) => join(CONFIG, 'prometheus', name));
/** Names that are the gateway’s own, or of its process. */
const OURS = /\b(?:gateway|gen_ai|http_server|process|nodejs)_[a-z_]+/g;

interface RuleFile {
  groups: { rules: { record?: string; alert?: string; expr: string }[] }[];
}

async function expressions(): Promise<{ from: string; expr: string }[]> {
  const folder = join(CONFIG, 'grafana');
  const found: { from: string; expr: string }[] = [];
  for (const name of await readdir(folder)) {
    const { panels } = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    for (const { title, targets = [] } of panels)
      for (const { expr } of targets) found.push({ from: `${name}: ${title}`, expr });
  }
  for (const file of RULES) {
    const { groups } = parse(await readFile(file, 'utf8')) as RuleFile;
    for (const { rules } of groups)
      for (const { record, alert, expr } of rules) found.push({ from: String(record ?? alert), expr });
  }
  return found;
}

it('a real Prometheus loads the rules, and every chart and alert asks for metrics that exist', async () => {
  const shop = await backend((_request, response) => response.end('a product'));
  const gateway = await gatewayProcess({
    upstreams: { shop: { targets: [{ url: shop.url }] } },
    routes: [{ name: 'shop', match: { path: '/*' }, upstream: 'shop' }],
    hypercare: { enabled: true },
  });
  await gateway.gets('/products', 5);
  const prometheus = await testPrometheus(gateway.adminUrl, RULES);
  await eventually(async () => (await prometheus.query('sum(gateway_requests_total)')).length > 0, 20_000);

  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const known = new Set([...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const { from, expr } of await expressions()) {
    for (const [name] of expr.replaceAll(/\b\w+:\S+:\w+/g, '').matchAll(OURS)) {
      const metric = name.replace(/_(?:bucket|sum|count)$/, '');
      expect(known.has(name) || known.has(metric) || !isMetric(expr, name), `${from}: ${name}`).toBe(true);
    }
    await prometheus.query(expr.replaceAll('$__rate_interval', '1m'));
  }
  expect((await prometheus.rules()).filter(({ lastError }) => lastError)).toEqual([]);
});

/** Label names look like metrics: `sum by (gen_ai_request_model)`. */
const isMetric = (expr: string, name: string): boolean =>
  new RegExp(`${name}\\s*[[{)>=]|${name}$`).test(expr.replaceAll(/by \([^)]*\)/g, ''));

it('the alerts fire when they should and stay silent when they should not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-promtool-'));
  try {
    const file = join(folder, 'alerts.test.yaml');
    const text = await readFile(join(import.meta.dirname, '../fixtures/prometheus/alerts.test.yaml'), 'utf8');
    await writeFile(file, text.replace('RECORDING', RULES[0] ?? '').replace('ALERTS', RULES[1] ?? ''));
    const { code, output } = await promtool('test', 'rules', file);
    expect(code, output).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
