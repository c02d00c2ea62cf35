import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rotated } from '../../../bench/harness/ground.ts';
import { commit } from '../../../bench/harness/machine.ts';
import { versions } from '../../../bench/harness/versions.ts';
import { flaggedDispatch } from '../../../bench/load/floors.ts';
import { fullGateway, gateway, profilingOf, startedWith } from '../../../bench/load/gateway.ts';
import { leftOutOfSmoke } from '../../../bench/load/left-out.ts';
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

test('every program that suites may use, and undici, has its version in the report, or is said to be missing', () => {
  const told = versions();
  expect(Object.keys(told)).toEqual(['node', 'undici', 'nginx', 'haproxy', 'redis-server', 'wrk']);
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

test('raw dispatch with our flags names all that it shares with the gateway', () => {
  expect(flaggedDispatch().what).toContain(startedWith({}));
  expect(fullGateway().what).toContain(startedWith({}));
});

test('profiles of one subject stay beside each other: of each round and each thread', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-profiles-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = "new (require('node:worker_threads').Worker)('', { eval: true })";
  for (let round = 0; round < 2; round++)
    execFileSync(process.execPath, [...profilingOf('gateway, full', folder), '--eval', program]);
  expect(readdirSync(folder)).toEqual(['gateway-full']);
  expect(readdirSync(join(folder, 'gateway-full'))).toHaveLength(4);
});

test('the smoke run leaves out peers that are here, and goes without those that are not', () => {
  const peer = (name: string, missing: string | null) => ({ ...fullGateway(), name, missing: () => missing });
  const isLeftOut = leftOutOfSmoke([peer('Portkey', null), peer('LiteLLM', 'not installed')]);
  expect(isLeftOut('Portkey')).toBe(true);
  expect(isLeftOut('LiteLLM')).toBe(false);
  expect(['gateway, no policy', 'gateway, full', 'nginx'].filter(isLeftOut)).toEqual(['gateway, no policy']);
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
