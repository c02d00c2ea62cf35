import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { policySchemas } from '../../src/gateway.ts';
import { configText, testGateway } from '../helpers/gateway.ts';

const read = (file: string): string => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');

/** How long a gateway may take to its end, in seconds, with 2 s for the last export. */
const endsWithin = ({ unready, drain }: { unready: number; drain: number }): number =>
  (unready + drain) / 1_000 + 2;

it('the image is healthy while the gateway serves, wherever its public listener is', async () => {
  const dockerfile = read('Dockerfile');
  const [, line = ''] = /^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  const [, ...args] = JSON.parse(line) as string[];
  const { admin } = loadConfig({
    file: 'gateway.yaml',
    text: 'version: 1\n',
    env: {},
    policies: await policySchemas(),
  }).config;
  expect(dockerfile).toContain(`ENV HYPERCARE_READYZ=http://${admin.listen}/readyz\n`);

  const gateway = await testGateway({});
  const checked = async (): Promise<unknown> => {
    const env = { ...process.env, HYPERCARE_READYZ: `${gateway.adminUrl}/readyz` };
    const [code] = await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'exit');
    return code;
  };
  expect(await checked()).toBe(0);
  await gateway.close();
  expect(await checked()).toBe(1);
});

it('systemd runs node itself, and waits for the drain', async () => {
  const unit = read('config/examples/deploy/hypercare.service');
  const policies = await policySchemas();
  const { timeouts } = loadConfig({ file: 'f', text: configText({}), env: {}, policies }).config.server;
  expect(unit).toMatch(/^ExecStart=\S*\/node .*\bdist\/src\/main\.js start\b/m);
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(endsWithin(timeouts));
});

it('Kubernetes asks the ports that its config has, and waits for the drain', async () => {
  const [map, deployment] = parseAllDocuments(read('config/examples/deploy/kubernetes.yaml')).map(
    (document) => document.toJS(),
  );
  const env = { HYPERCARE_ADMIN_TOKEN: 'a-token-of-some-length', REDIS_URL: 'redis://redis:6379' };
  const text = map.data['gateway.yaml'];
  const { config, inactive } = loadConfig({ file: 'f', text, env, policies: await policySchemas() });
  expect(inactive).toEqual([]);

  const { spec } = deployment.spec.template;
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(endsWithin(config.server.timeouts));
  const [container] = spec.containers;
  const ports = Object.fromEntries(
    container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
      name,
      containerPort,
    ]),
  );
  expect(config.server.listen).toBe(`0.0.0.0:${ports.http}`);
  expect(config.admin.listen).toBe(`0.0.0.0:${ports.admin}`);
  const { periodSeconds, failureThreshold, httpGet } = container.readinessProbe;
  expect(httpGet).toEqual({ path: '/readyz', port: 'admin' });
  expect(config.server.timeouts.unready / 1_000).toBeGreaterThan(periodSeconds * failureThreshold);
});
