import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
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
  // An alert asks for its increase, and would not see the first one begin.
  expect(page).toMatch(/^gateway_config_reloads_total\{[^}]*outcome="refused"[^}]*\} 0$/m);
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

it('every chart and alert splits and selects by labels that its metrics have', async () => {
  const register = vi.spyOn(Registry.prototype, 'registerMetric');
  await testGateway({ hypercare: { enabled: true }, context: { enabled: true } });
  collectDefaultMetrics({ register: new Registry() });
  const labelsOf = new Map(
    register.mock.calls.map(([metric]) => {
      const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: string[] };
      return [name, new Set([...labelNames, 'instance', 'job', 'le'])];
    }),
  );
  register.mockRestore();
  const wrong: string[] = [];
  let checked = 0;
  for (const { from, expr } of await expressions()) {
    const metrics = [...expr.matchAll(/\b([a-z_]+)(?:\{([^}]*)\})?(?=[\s[)]|$)/g)].flatMap(
      ([, name = '', selected = '']) => {
        const labels = labelsOf.get(name) ?? labelsOf.get(name.replace(/_(?:bucket|sum|count)$/, ''));
        return labels ? [{ name, labels, selected }] : [];
      },
    );
    const by = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
    for (const { name, labels, selected } of metrics) {
      const asked = [...selected.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label);
      checked += asked.length + by.length;
      for (const label of [...asked, ...by])
        if (!labels.has(label)) wrong.push(`${from}: ${name} has no label ${label}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(100);
});

it('the alerts fire when they should and stay silent when they should not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-promtool-'));
  try {
    const file = join(folder, 'alerts.test.yaml');
    const text = await readFile(join(import.meta.dirname, '../fixtures/prometheus/alerts.test.yaml'), 'utf8');
    // Each alert has a case in which somebody is told.
    const { tests } = parse(text) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
    };
    const told = tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
    );
    const { groups } = parse(await readFile(RULES[1] ?? '', 'utf8')) as RuleFile;
    const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    expect([...new Set(told)].sort()).toEqual(alerts.sort());
    await writeFile(file, text.replace('RECORDING', RULES[0] ?? '').replace('ALERTS', RULES[1] ?? ''));
    const { code, output } = await promtool('test', 'rules', file);
    expect(code, output).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
