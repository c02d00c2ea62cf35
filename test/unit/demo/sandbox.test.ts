import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Sandbox, type SandboxService, startSandbox } from '../../../src/demo/sandbox.ts';

const running: Array<Sandbox | ChildProcess> = [];
afterEach(async () => {
  for (const one of running.splice(0)) await ('close' in one ? one.close() : one.kill('SIGKILL'));
});

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function start(ports: Parameters<typeof startSandbox>[0]): Promise<Sandbox> {
  const sandbox = await startSandbox(ports);
  running.push(sandbox);
  return sandbox;
}

test('every service is a process of its own, answers, and is gone after close', async () => {
  const sandbox = await start({ products: [0, 0], payment: 0, recommendations: 0, models: [0, 0] });
  const { services } = sandbox;
  expect(services.map(({ name, kind }) => [name, kind])).toEqual([
    ['products-1', 'products'],
    ['products-2', 'products'],
    ['payment', 'payment'],
    ['recommendations', 'recommendations'],
    ['model-1', 'model'],
    ['model-2', 'model'],
  ]);
  expect(new Set(services.map(({ pid }) => pid)).size).toBe(6);
  for (const { url, name } of services) {
    expect((await fetch(`${url}/healthz`)).headers.get('x-backend')).toBe(name);
  }
  await sandbox.close();
  expect(services.filter(({ pid }) => lives(pid))).toEqual([]);
  for (const { url } of services) await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

test('a port in use is named, and what had started is ended', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const other = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));

  await expect(startSandbox({ products: [other], payment: port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is in use`,
  );
  await expect(fetch(`http://127.0.0.1:${other}/healthz`)).rejects.toThrow();
  squatter.close();
});

test('one service can die without the others', async () => {
  const { services } = await start({ products: [0, 0] });
  const [first, second] = services as [SandboxService, SandboxService];
  process.kill(first.pid, 'SIGKILL');
  await expect.poll(() => lives(first.pid)).toBe(false);
  expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
});

test('the processes end when their parent is killed', async () => {
  const module = new URL('../../../src/demo/sandbox.ts', import.meta.url).href;
  const script = `
    const { startSandbox } = await import(${JSON.stringify(module)});
    const { services } = await startSandbox({ products: [0], models: [0] });
    process.stdout.write(JSON.stringify(services.map(({ url }) => url)));
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(parent);
  const [output] = await once(parent.stdout, 'data');
  const urls = JSON.parse(String(output)) as string[];
  // By port and not by pid: an orphan that no init reaps stays in the process table as a zombie.
  const answering = async () => {
    const checks = await Promise.allSettled(urls.map((url) => fetch(`${url}/healthz`)));
    return checks.filter(({ status }) => status === 'fulfilled').length;
  };
  expect(await answering()).toBe(2);
  parent.kill('SIGKILL');
  await expect.poll(answering).toBe(0);
});
