import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rotated } from '../../../bench/harness/ground.ts';
import { commit } from '../../../bench/harness/machine.ts';
import { versions } from '../../../bench/harness/versions.ts';
import { fullGateway, gateway } from '../../../bench/load/gateway.ts';
import { nginxProxyConfig } from '../../../bench/load/nginx.ts';
import { leftOut } from '../../../bench/load/policies.ts';

/** A repository with one commit of these files. */
function repositoryOf(...files: string[]) {
  const root = mkdtempSync(join(tmpdir(), 'bench-commit-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const git = (...args: string[]): string => {
    const who = [
      '-c',
      'user.name=bench',
      '-c',
      'user.email=bench@shop.example',
      '-c',
      'commit.gpgsign=false',
    ];
    return execFileSync('git', [...who, ...args], { cwd: root, encoding: 'utf8' }).trim();
  };
  const write = (file: string, text: string): void => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  git('init', '--quiet');
  for (const file of files) write(file, 'as committed');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
  return { root, write, hash: git('rev-parse', '--short', 'HEAD') };
}

test('a report names its commit, and says so if what is measured is not what is committed', () => {
  const files = [
    'src/main.ts',
    'package-lock.json',
    'bench/harness/cpu.ts',
    'bench/results/api.md',
    'README.md',
  ];
  const { root, write, hash } = repositoryOf(...files);
  expect(commit(root)).toBe(hash);
  write('bench/results/api.md', 'a new result');
  write('README.md', 'other words');
  expect(commit(root)).toBe(hash);
  for (const file of ['package-lock.json', 'bench/harness/cpu.ts', 'src/main.ts', 'src/new.ts']) {
    write(file, 'changed');
    expect(commit(root), file).toBe(`${hash} + changes`);
    write(file, 'as committed');
    if (file === 'src/new.ts') rmSync(join(root, file));
    expect(commit(root), file).toBe(hash);
  }
});

test('outside a repository the commit is unknown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-commit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(commit(folder)).toBe('unknown');
});

test('every program that suites may use has its version in the report, or is said to be missing', () => {
  const told = versions();
  expect(Object.keys(told)).toEqual(['node', 'nginx', 'haproxy', 'redis-server', 'wrk']);
  expect(told.node).toBe(process.version);
  for (const [program, version] of Object.entries(told))
    expect(version, program).toMatch(/^(v?[a-z/]*\d|missing)/);
});

test('in turns everybody is first, and comes after either neighbour', () => {
  const rounds = [0, 1, 2, 3, 4].map((round) => rotated(['a', 'b', 'c', 'd', 'e'], round).join(''));
  expect(rounds).toEqual(['abcde', 'baedc', 'cdeab', 'dcbae', 'eabcd']);
});

test('a subject says what it is started with beside its policies', () => {
  const { what } = fullGateway();
  expect(what).toContain('auth-api-key, rate-limit, headers');
  expect(what).toContain('store memory:, shed only from maxEventLoopDelay 10s or maxInFlight 20000 on');
  expect(what).toContain('hypercare engine and its signals on');
  expect(what).toContain('--max-semi-space-size=16 --heap-growing-percent=50, MALLOC_ARENA_MAX=2');
  const config = () => ({
    store: { url: 'sqlite:store.db' },
    server: { shed: {} },
    hypercare: { enabled: false },
  });
  const other = gateway({ name: '', what: 'another', log: 'silent', config });
  expect(other.what).toMatch(
    /^another; store sqlite:, shed as by default, hypercare engine and its signals off/,
  );
});

test('nginx buffers answers as by default, and passes streams on', () => {
  const plan = { upstreamPort: 1, log: false };
  expect(nginxProxyConfig(2, plan)).not.toContain('proxy_buffering');
  expect(nginxProxyConfig(2, { ...plan, streams: true })).toContain('proxy_buffering off;');
});

test('policies that no route of the suite has are named', () => {
  const measured = leftOut([{ name: 'key', policies: [{ 'auth-api-key': {}, cors: {} }] }]);
  expect(measured).toEqual(expect.arrayContaining(['auth-mtls', 'redact', 'query']));
  expect(measured).not.toContain('cors');
});
