import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { openDataPlane } from '../../../src/data-plane.ts';
import { loadPolicies, schemasOf } from '../../../src/server/policies.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { configText } from '../../helpers/gateway.ts';

it('a revision that gets no number is let go of everywhere, and holds up none after it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-reload-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, configText({}));
  const descriptors = await loadPolicies();
  const { config } = loadConfig({ file, env: {}, policies: schemasOf(descriptors) });
  const elsewhere: string[] = [];
  const plane = await openDataPlane({
    config,
    descriptors,
    sink: openLog('error', { write: () => undefined }),
    processMetrics: false,
    shared: {
      agreement: { decides: true, tell: () => undefined },
      share: { place: 0, of: 1 },
      prepareElsewhere: async () => ({
        serve: (revision) => void elsewhere.push(`serves ${revision}`),
        discard: async () => void elsewhere.push('discarded'),
      }),
    },
  });
  onTestFinished(() => plane.close());
  await plane.reload.apply(config, 'file', async () => 1);
  const failed = plane.reload.apply(config, 'file', async () => {
    throw new Error('the process that compares has ended');
  });
  await expect(failed).rejects.toThrow('has ended');
  await plane.reload.apply(config, 'file', async () => 2);
  expect(elsewhere).toEqual(['serves 1', 'discarded', 'serves 2']);
  expect(plane.reload.revision).toBe(2);
});
