import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { testGateway } from '../helpers/gateway.ts';

it('where workers could not have a policy nothing starts: they would serve without it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-own-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const own: PolicyDescriptor<unknown> = {
    name: 'house-key',
    slot: 'identify',
    schema: { type: 'object' },
    create: () => ({ onRequest: () => new GatewayError('auth_required') }),
  };
  const started = testGateway(
    {
      server: { workers: 2 },
      store: { url: `sqlite:${join(folder, 'state.db')}` },
      upstreams: { up: { targets: [{ url: 'http://127.0.0.1:9' }] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'up', policies: [{ 'house-key': {} }] }],
    },
    { policies: [own] },
  );
  await expect(started).rejects.toThrow('policy house-key: it was handed to this process');
}, 120_000);
