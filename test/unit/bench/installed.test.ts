import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { gatewaySizes } from '../../../bench/load/install-size.ts';
import { npmVersion, pipVersion, versionSaid } from '../../../bench/load/peers/versions.ts';

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'bench-installed-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

test('of a peer the version is told that is installed, and which was asked for if that is another', () => {
  const home = folderOf({
    'node_modules/@portkey-ai/gateway/package.json': '{ "name": "@portkey-ai/gateway", "version": "1.16.0" }',
    'lib/python3.11/site-packages/litellm-1.93.0.dist-info/METADATA':
      'Metadata-Version: 2.4\nName: litellm\nVersion: 1.93.0\n\nVersion: of the text',
    'lib/python3.11/site-packages/litellm_enterprise-0.1.49.dist-info/METADATA': 'Version: 0.1.49\n',
  });
  expect(versionSaid(npmVersion(home, '@portkey-ai/gateway'), '1.15.2')).toBe('1.16.0 (asked for: 1.15.2)');
  expect(versionSaid(pipVersion(home, 'litellm'), '1.93.0')).toBe('1.93.0');
  expect([npmVersion(home, '@hono/node-server'), pipVersion(home, 'litellm-proxy')]).toEqual([null, null]);
  expect(versionSaid(null, '1.93.0')).toBe('of unknown version (asked for: 1.93.0)');
});

const bytes = (count: number): string => 'x'.repeat(count);

test('a size on the disk says of which of the ways to have the gateway it is', () => {
  const packages = { 'node_modules/kept': {}, 'node_modules/kept/node_modules/tool': { dev: true } };
  const lock = JSON.stringify({ packages: { ...packages, 'node_modules/tool': { dev: true } } });
  const ignored = 'node_modules/\ndist/\nsrc/console/built/\n';
  const root = folderOf({
    'src/main.ts': bytes(100),
    'src/console/built/index.html': bytes(50),
    'test/main.test.ts': bytes(7),
    'config/gateway.yaml': bytes(10),
    'package.json': bytes(20),
    '.gitignore': ignored,
    'dist/src/main.js': bytes(300),
    'node_modules/.package-lock.json': lock,
    'node_modules/.cache/node/main': bytes(9_999),
    'node_modules/kept/index.js': bytes(1_000),
    'node_modules/kept/node_modules/tool/index.js': bytes(4_000),
    'node_modules/tool/bin': bytes(5_000),
  });
  linkSync(join(root, 'node_modules/tool/bin'), join(root, 'node_modules/tool/same-bin'));
  const withoutGit = gatewaySizes(root, false).map(({ megabytes }) => megabytes);
  expect(withoutGit).toEqual([(1_000 + 150 + 10) / 1e6, Number.NaN, Number.NaN]);

  for (const args of [
    ['init', '--quiet'],
    ['add', '.'],
  ])
    execFileSync('git', args, { cwd: root });
  const tracked = 100 + 7 + 10 + 20 + ignored.length;
  const told = gatewaySizes(root, true).map(({ megabytes, packages }) => [
    Math.round(megabytes * 1e6),
    packages,
  ]);
  expect(told).toEqual([
    [1_160, 1],
    [1_000 + 300 + 10 + 20, 1],
    [lock.length + 10_000 + tracked + 50, 3],
  ]);
});
