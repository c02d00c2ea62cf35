import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startRedis } from './redis-server.ts';

/** New stores that outlive a gateway, by kind: the URL of one for this test. */
export const STORE_URLS = {
  async sqlite(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'store-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return `sqlite:${join(folder, 'store.db')}`;
  },
  async redis(): Promise<string> {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    return server.url;
  },
};

export const STORE_KINDS = ['sqlite', 'redis'] as const satisfies (keyof typeof STORE_URLS)[];
