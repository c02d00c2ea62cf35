import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { configText, eventually } from '../helpers/gateway.ts';

/** A command as a user types it, with what it prints. */
async function run(args: string[], config: object | string) {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-cli-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, configText(config));
  const child = spawn(
    'npm',
    args.map((arg) => (arg === 'FILE' ? file : arg)),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return { child, exit, file, output: () => output, errors: () => errors };
}

it('npm start serves, and at SIGTERM finishes what runs and exits 0', async () => {
  let answer: (() => void) | undefined;
  const slow = await backend((_request, response) => {
    answer = () => response.end('whole');
  });
  const { child, exit, output } = await run(['start', '--', '--config', 'FILE'], {
    upstreams: { slow: { targets: [{ url: slow.url }] } },
    routes: [{ name: 'slow', match: { path: '/slow' }, upstream: 'slow' }],
  });
  const url = await eventually(() => /"url":"([^"]+)"/.exec(output())?.[1], 20_000);
  const pending = fetch(`${url}/slow`);
  const finish = await eventually(() => answer);

  child.kill('SIGTERM');
  // Nothing new is taken …
  await eventually(async () =>
    fetch(`${url}/readyz`).then(
      (r) => r.status === 503,
      () => true,
    ),
  );
  finish();

  // … and what was taken is finished.
  expect(await (await pending).text()).toBe('whole');
  expect(await exit).toBe(0);
  expect(output()).toContain('"reason":"ok"');
});

it('a bad file is refused with its place, by start and validate alike, with exit code 2', async () => {
  const bad = 'version: 1\nroutes:\n  - name: things\n    match: { path: /things }\n    upstraem: shop\n';
  const started = await run(['start', '--', '--config', 'FILE'], bad);
  expect(await started.exit).toBe(2);
  const validated = await run(['run', '--silent', 'hypercare', '--', 'validate', 'FILE'], bad);
  expect(await validated.exit).toBe(2);
  for (const { errors, file } of [started, validated]) {
    expect(errors()).toContain(`${file}:5:5  routes[0].upstraem: unknown key (did you mean "upstream"?)`);
  }
});

it('explain says which route takes a request, why the others do not, and what it passes', async () => {
  const config = {
    consumers: [{ name: 'shop', keys: [{ id: 'k1', sha256: 'ab'.repeat(32) }] }],
    upstreams: { shop: { targets: [{ url: 'http://127.0.0.1:1' }] } },
    routes: [
      { name: 'preview', match: { path: '/things/*', headers: { 'x-preview': '1' } }, upstream: 'shop' },
      {
        name: 'things',
        match: { path: '/things/*', methods: ['GET'] },
        upstream: 'shop',
        policies: [{ 'rate-limit': { limit: 5, window: '1m' } }, { 'auth-api-key': {} }],
      },
    ],
  };
  const plain = await run(
    ['run', '--silent', 'hypercare', '--', 'explain', 'FILE', 'get', '/things/../things//7'],
    config,
  );
  expect(await plain.exit).toBe(0);
  expect(plain.output()).toContain('read as /things/7');
  expect(plain.output()).toContain('route things');
  expect(plain.output()).toContain('preview: header x-preview is missing');
  expect(plain.output().indexOf('auth-api-key')).toBeLessThan(plain.output().indexOf('rate-limit'));

  const preview = await run(
    ['run', '--silent', 'hypercare', '--', 'explain', 'FILE', 'GET', '/things/7', '-H', 'X-Preview: 1'],
    config,
  );
  expect(await preview.exit).toBe(0);
  expect(preview.output()).toContain('route preview');

  const nobody = await run(
    ['run', '--silent', 'hypercare', '--', 'explain', 'FILE', 'DELETE', '/elsewhere'],
    config,
  );
  expect(await nobody.exit).toBe(1);
});
