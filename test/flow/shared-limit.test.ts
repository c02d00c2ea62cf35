import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { configText, eventually } from '../helpers/gateway.ts';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const LIMIT = 1000;
const ASKED = 1600;
/** A machine that is busy with other tests must not look like a Redis that is down. */
const PATIENT = { timeout: '10s' };

interface Running {
  url: string;
  admin: string;
  log(): string;
}

/** A gateway in a process of its own, as in production. */
async function gatewayProcess(
  redis: RedisServer,
  upstream: string,
  store: object = PATIENT,
  limit = LIMIT,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-shared-'));
  const file = join(folder, 'gateway.yaml');
  const config = {
    store: { url: redis.url, ...store },
    upstreams: { shop: { targets: [{ url: upstream }] } },
    routes: [
      {
        name: 'things',
        match: { path: '/things' },
        upstream: 'shop',
        policies: [{ 'rate-limit': { limit, window: '1h', per: 'route' } }],
      },
    ],
  };
  await writeFile(file, configText(config));
  const child = spawn(process.execPath, [MAIN, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      out += String(text);
    });
  }
  const exit = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  const [, url = '', admin = ''] = await eventually(
    () => /"url":"([^"]+)","admin":"([^"]+)"/.exec(out),
    60_000,
  );
  return { url, admin, log: () => out };
}

async function statusOf(gateway: Running): Promise<number> {
  const answer = await fetch(`${gateway.url}/things`);
  await answer.arrayBuffer();
  return answer.status;
}

it('four gateway processes share one limit of 1,000 and exactly 1,000 pass; without Redis all pass, loudly, until it is back', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  let served = 0;
  const shop = await backend((_request, response) => {
    served++;
    response.end('ok');
  });
  const gateways = await Promise.all(Array.from({ length: 4 }, () => gatewayProcess(redis, shop.url)));
  const statuses: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < ASKED) {
      const gateway = gateways[next++ % gateways.length] as Running;
      statuses.push(await statusOf(gateway));
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
  expect(statuses.filter((status) => status === 429)).toHaveLength(ASKED - LIMIT);
  expect(served).toBe(LIMIT);

  await redis.kill9();
  for (const gateway of gateways) expect(await statusOf(gateway)).toBe(200);
  for (const { admin, log } of gateways) {
    await eventually(() => log().includes('the store does not answer'));
    await eventually(() => log().includes('"what":"fail_open"'));
    expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(
      /gateway_policy_degraded_total\{policy="rate-limit",what="fail_open"\} [1-9]/,
    );
  }

  // It comes back empty. The limit holds again, for all of them together.
  await redis.restart();
  await redis.cli('set', 'ready', '1');
  for (const { log } of gateways) await eventually(() => log().includes('the store answers again'));
  const after: number[] = [];
  next = 0;
  const again = async (): Promise<void> => {
    while (next < ASKED) after.push(await statusOf(gateways[next++ % gateways.length] as Running));
  };
  await Promise.all(Array.from({ length: 16 }, again));
  expect(after.filter((status) => status === 200)).toHaveLength(LIMIT);
}, 120_000);

it('with the timeout that a store has by itself: a Redis that hangs stops nobody, and limits hold again once it is back', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const shop = await backend((_request, response) => response.end('ok'));
  const gateway = await gatewayProcess(redis, shop.url, {}, 50);
  const degraded = async (): Promise<number> => {
    const page = await (await fetch(`${gateway.admin}/metrics`)).text();
    const line = /gateway_policy_degraded_total\{policy="rate-limit",what="fail_open"\} (\d+)/.exec(page);
    return Number(line?.[1] ?? 0);
  };
  const many = (count: number): Promise<number[]> =>
    Promise.all(
      Array.from({ length: 32 }, async () => {
        const statuses: number[] = [];
        for (let i = 0; i < count / 32; i++) statuses.push(await statusOf(gateway));
        return statuses;
      }),
    ).then((all) => all.flat());
  // All of the limit is used up, whoever of them passed for want of an answer in time.
  await eventually(async () => (await many(64)).every((status) => status === 429), 60_000);

  redis.pause();
  const before = await degraded();
  // At most a few milliseconds longer than the store may take; nobody is refused, nobody waits for Redis to come back.
  expect(new Set(await many(64))).toEqual(new Set([200]));
  expect(await degraded()).toBeGreaterThan(before);
  redis.resume();
  // The counts that it had are still there.
  await eventually(async () => (await many(64)).every((status) => status === 429), 60_000);
}, 120_000);
