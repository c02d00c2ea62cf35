import type { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { AddressRules } from '../../../src/lib/address-rules.ts';
import { Pools } from '../../../src/upstream/pools.ts';

const OPTIONS = { origin: 'http://127.0.0.1:9', connectTimeoutMs: 100, dnsRefreshMs: 1_000 };

it('a pool lives as long as somebody leases it, and is the same for all', async () => {
  const pools = new Pools({
    onResolveFailure: () => undefined,
    rules: new AddressRules({ allow: [], deny: [] }),
  });
  onTestFinished(() => pools.destroy());
  const first = pools.lease(OPTIONS);
  const second = pools.lease({ ...OPTIONS });
  const other = pools.lease({ ...OPTIONS, connectTimeoutMs: 200 });
  expect(second.pool).toBe(first.pool);
  expect(other.pool).not.toBe(first.pool);
  expect(pools.size).toBe(2);
  first.release();
  first.release();
  expect((first.pool as Pool).closed, 'letting go twice counts once').toBe(false);
  second.release();
  expect((first.pool as Pool).closed).toBe(true);
  expect(pools.size).toBe(1);
  expect(pools.lease(OPTIONS).pool).not.toBe(first.pool);
});
